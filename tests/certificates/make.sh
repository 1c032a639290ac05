#!/bin/sh
# Copyright 2026 the asyncio for Deno authors. MIT license.
# Makes the certificates of this folder anew. Needs OpenSSL 3.
set -e
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > ca.cnf <<END
[ca]
default_ca = default
[default]
database = $work/index.txt
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
END
echo 1000 > serial
: > index.txt

begin=20200101000000Z
end=21191231235959Z

# name, subject, end, extensions, what to sign with
sign() {
  name=$1 subject=$2 until=$3 extensions=$4
  shift 4
  openssl ecparam -name prime256v1 -genkey -noout |
    openssl pkcs8 -topk8 -nocrypt -out "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=$subject" -out "$name.csr"
  printf '%b\n' "$extensions" > "$name.ext"
  openssl ca -batch -config ca.cnf -in "$name.csr" -out "$name.pem" -notext \
    -startdate "$begin" -enddate "$until" -extfile "$name.ext" "$@"
}

authority='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
leaf='basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nauthorityKeyIdentifier=keyid\n'
server="${leaf}extendedKeyUsage=serverAuth\nsubjectAltName="
client="${leaf}extendedKeyUsage=clientAuth"
localhost='DNS:localhost,IP:127.0.0.1,IP:::1'

sign ca 'Test CA' "$end" "$authority" -selfsign -keyfile ca.key
sign other_ca 'Other CA' "$end" "$authority" -selfsign -keyfile other_ca.key
sign server localhost "$end" "$server$localhost" -cert ca.pem -keyfile ca.key
sign other_name example.org "$end" "${server}DNS:example.org,DNS:*.example.org" -cert ca.pem -keyfile ca.key
sign expired localhost 20200102000000Z "$server$localhost" -cert ca.pem -keyfile ca.key
(begin=21180101000000Z; sign future localhost "$end" "$server$localhost" -selfsign -keyfile future.key)
sign client client "$end" "$client" -cert ca.pem -keyfile ca.key
sign other_client stranger "$end" "$client" -cert other_ca.pem -keyfile other_ca.key

for name in server other_name expired future client other_client; do
  cp "$name.key" "$name.pem" "$out"
done
cp ca.pem other_ca.pem "$out"
chmod 644 "$out"/*.pem "$out"/*.key
