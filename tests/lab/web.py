"""The lab's web servers: nginx with a server block for each host name, each at its own addresses; and Apache for a few."""

import dataclasses
import os

from network import quoted
from own import Own

OWN = ("sealpost", "apache-export")  # by the program itself; by nginx where the lab has none
PATH = "/.well-known/mta-sts.txt"


@dataclasses.dataclass
class Site:
    """What one host name shows at its addresses."""

    name: str
    addresses: list
    certificate: str              # the file with key and chain
    default: str = ""             # the same for another server name or none; empty: the handshake is refused
    body: str = ""
    path: str = PATH
    status: int = 200
    media_type: str = "text/plain"
    location: str = ""            # where a redirect leads
    headers: tuple = ()           # further ones, "Name: value"
    browsers_only: bool = False
    tls: str = "TLSv1.2 TLSv1.3"
    server: str = "nginx"


class Web:
    def __init__(self, folder, program):
        self.folder, self.program, self.sites, self.faults = folder, program, [], []

    def serve(self, site):
        if site.server in OWN and not self.program:
            site.server = "nginx"
        self.sites.append(site)

    def start(self, servers):
        os.makedirs(os.path.join(self.folder, "www"), exist_ok=True)
        file = os.path.join(self.folder, "nginx.conf")
        with open(file, "w", encoding="utf-8") as f:
            f.write(HEAD.format(folder=self.folder))
            for number, site in enumerate(self.sites):
                if site.server.startswith("nginx"):
                    f.write(self.default_block(site) + self.block(site, self.body(site, number)))
            f.write("}\n")
        servers.start("web", "nginx", ["nginx", "-c", file], "detach")
        own, include = Own(self.folder, self.program), ""
        if self.of("sealpost", "apache-export"):
            own.prepare(servers, self.of("sealpost", "apache-export"))
        if self.of("sealpost"):
            own.serve(servers)
        if self.of("apache-export"):
            include = f"Include {own.export_apache(servers, self.of('apache-export'))}\n"
        if self.of("apache", "apache-export"):
            self.start_apache(servers, include)
        if self.faults:
            servers.start_faults("web", "http", self.faults)

    def of(self, *kinds):
        return [site for site in self.sites if site.server in kinds]

    def start_apache(self, servers, include):
        file = os.path.join(self.folder, "apache.conf")
        with open(file, "w", encoding="utf-8") as f:
            f.write(APACHE.format(folder=self.folder))
            for site in self.of("apache", "apache-export"):
                where = [quoted(a, 443) for a in site.addresses]
                f.write("".join(f"Listen {w} https\n" for w in where))
                if site.server == "apache":
                    f.write(TUTORIAL.format(where=" ".join(where), name=site.name, certificate=site.certificate,
                                            path=PATH, body=self.body(site, f"apache-{site.name}")))
            f.write(include)
        servers.end(servers.begin(["apache2", "-f", file, "-t"]))  # what apachectl configtest does
        servers.start("web", "apache2", ["apache2", "-f", file, "-k", "start"], "detach")

    def body(self, site, number):
        path = os.path.join(self.folder, "www", f"{number}.txt")
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
            f.write(site.body)
        return path

    def listen(self, site, more):
        return "".join(f"    listen {quoted(a, 443)} ssl{more};\n" for a in site.addresses)

    def default_block(self, site):
        listen = self.listen(site, " default_server")
        if site.server == "nginx-tutorial":
            return ""
        what = f"ssl_certificate {site.default};\n    ssl_certificate_key {site.default};\n    return 404" \
            if site.default else "ssl_reject_handshake on"
        return f"server {{\n{listen}    server_name _;\n    ssl_protocols {site.tls};\n    {what};\n}}\n"

    def block(self, site, body):
        lines = [f'add_header {name} "{value.strip()}" always;'
                 for name, _, value in (h.partition(":") for h in site.headers)]
        if site.browsers_only:
            lines.append("if ($http_user_agent !~ Mozilla) { return 403; }")
        if site.location:
            lines.append(f"return {site.status} {site.location};")
        elif site.server == "nginx-tutorial":
            lines.append("default_type text/plain; return 200 \"" + site.body.replace("\r\n", "\\r\\n") + '";')
        elif site.path == "/" and site.status == 200:  # where reports are sent to by POST
            lines.append('default_type text/plain; return 200 "thanks\\n";')
        elif site.status != 200:
            lines.append(f'default_type text/html; return {site.status} "<html>no policy here</html>";')
        else:
            lines.append(f'types {{ }} default_type "{site.media_type}"; alias {body};')
        inner = "\n".join("        " + line for line in lines)
        return (f"server {{\n{self.listen(site, '')}    server_name {site.name};\n    ssl_protocols {site.tls};\n"
                f"    ssl_certificate {site.certificate};\n    ssl_certificate_key {site.certificate};\n"
                f"    location = {site.path} {{\n{inner}\n    }}\n    location / {{ return 404; }}\n}}\n")


HEAD = """user root;
worker_processes 1;
pid {folder}/run-nginx.pid;
error_log {folder}/log/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
access_log {folder}/log/nginx-access.log;
client_body_temp_path {folder}/www/body;
proxy_temp_path {folder}/www/proxy;
fastcgi_temp_path {folder}/www/fastcgi;
uwsgi_temp_path {folder}/www/uwsgi;
scgi_temp_path {folder}/www/scgi;
server_names_hash_bucket_size 256;
server_names_hash_max_size 8192;
etag off;
ssl_ciphers ALL:@SECLEVEL=0;
ssl_session_cache none;
"""

APACHE = """ServerRoot {folder}
ServerName web.test
PidFile {folder}/apache.pid
ErrorLog {folder}/log/apache-error.log
DefaultRuntimeDir {folder}/www
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
TypesConfig /etc/mime.types
StartServers 1
"""

# What people copy from the usual tutorial.
TUTORIAL = """<VirtualHost {where}>
    ServerName {name}
    DocumentRoot /nonexistent
    Alias {path} {body}
    ErrorDocument 403 "403 Forbidden - this site has the MTA-STS policy of its domain and nothing else"
    RewriteEngine On
    RewriteRule ^{path}$ - [L]
    RewriteRule . - [R=403]
    <Location />
        Require all granted
    </Location>
    SSLEngine on
    SSLCertificateFile {certificate}
    SSLCertificateKeyFile {certificate}
</VirtualHost>
"""
