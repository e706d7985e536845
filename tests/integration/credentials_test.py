"""Certificates and tokens before alknet-authd on a private bus: what ssh-keygen certified beside the verdicts of a real sshd,
API keys from alknetctl, AuthTokens made by another program."""

import base64
import getpass
import hashlib
import json
import subprocess
import time
import unittest

import authd_test
import harness
from authd_test import blob, dbus

try:
    from cryptography.hazmat.primitives import serialization
except ImportError:
    serialization = None


class CertificatesBesideSshd(authd_test.BesideSshd):
    """The same certificate under the same authority, judged by sshd for a real login and by authd."""

    test_verdicts = None
    me = getpass.getuser()
    # What ssh-keygen is told, and the line of the authority: a file of cert_authorities ("") or of authorized_keys.
    certificates = [
        (["-n", me], ""),
        (["-n", "somebody," + me], ""),
        (["-n", "somebody"], ""),
        ([], ""),
        (["-n", me], "cert-authority"),
        (["-n", "somebody"], "cert-authority"),
        ([], "cert-authority"),
        (["-n", "ops"], 'cert-authority,principals="dev,ops"'),
        (["-n", me], 'cert-authority,principals="dev,ops"'),
        ([], 'cert-authority,principals="dev,ops"'),
        (["-n", me, "-V", "20200101Z:20200102Z"], ""),
        (["-n", me, "-V", "20380101Z:20390101Z"], ""),
        (["-n", me, "-V", "-1h:20390101Z"], ""),
        (["-n", me, "-O", "source-address=127.0.0.0/8"], ""),
        (["-n", me, "-O", "source-address=192.0.2.0/24"], ""),
        (["-n", me, "-O", "source-address=192.0.2.1,127.0.0.1"], "cert-authority"),
        (["-n", me, "-O", "critical:x@example.com=y"], ""),
        (["-n", me, "-O", "extension:x@example.com=y"], ""),
        (["-n", me, "-O", "force-command=exit 7"], ""),
        (["-n", me, "-O", "clear"], ""),
        (["-n", me, "-h"], ""),
        (["-n", me], 'cert-authority,from="192.0.2.1"'),
        (["-n", me], 'cert-authority,from="127.0.0.1"'),
        (["-n", me], 'cert-authority,expiry-time="20200101Z"'),
    ]
    authorities = [("ed25519", None, []), ("ecdsa", 256, []), ("ecdsa", 521, []), ("rsa", 2048, []),
                   ("rsa", 2048, ["-t", "ssh-rsa"])]

    def certify(self, name, arguments):
        (self.dir / "one-cert.pub").unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-s", self.dir / name, "-I", "x", *arguments, self.dir / "one.pub"], check=True,
                       stdin=subprocess.DEVNULL)
        return blob((self.dir / "one-cert.pub").read_text())

    def sshd_admits_certificate(self, line, trusted):
        (self.dir / "trusted").write_text(trusted)
        return self.sshd_admits(line, "127.0.0.1")

    def authd_admits_certificate(self, certificate, line, trusted):
        self.keys.write_text(line + "\n")
        (self.dir / "cas").write_text(trusted)
        self.call("Reload")
        peer = dbus.Dictionary({"address": dbus.String("127.0.0.1")}, signature="sv")
        return bool(self.call("VerifyPublicKey", dbus.ByteArray(certificate), self.me, peer)[0])

    def both(self, certificate, ca, options):
        line, trusted = (f"{options} {ca}", "") if options else ("", ca + "\n")
        return (self.authd_admits_certificate(certificate, line, trusted), self.sshd_admits_certificate(line, trusted))

    def test_certificates(self):
        (self.dir / "cas").write_text("")
        (self.dir / "trusted").write_text("")
        self.config.write_text(f"[auth]\nhost_key = '{self.dir}/host_key'\n[auth.ssh]\nauthorized_keys = ['{self.keys}']\n"
                               f"cert_authorities = ['{self.dir}/cas']\n")
        self.start_sshd(f"TrustedUserCAKeys {self.dir}/trusted\n")
        self.start_authd()
        ca = harness.make_key(self.dir / "ca")
        certificate = self.certify("ca", ["-n", self.me])
        if not self.sshd_admits_certificate("", ca + "\n"):
            self.skipTest("this machine's sshd lets this account in under no conditions")
        verdicts = set()
        for arguments, options in self.certificates:
            with self.subTest(arguments=arguments, options=options):
                ours, theirs = self.both(self.certify("ca", arguments), ca, options)
                self.assertEqual(ours, theirs)
                verdicts.add(ours)
        self.assertEqual(verdicts, {True, False})
        for number, (kind, bits, arguments) in enumerate(self.authorities):
            with self.subTest(kind=kind, bits=bits, arguments=arguments):
                line = harness.make_key(self.dir / f"ca{number}", kind=kind, bits=bits)
                certificate = self.certify(f"ca{number}", ["-n", self.me, *arguments])
                ours, theirs = self.both(certificate, line, "")
                self.assertEqual(ours, theirs)
                self.assertEqual(ours, not arguments)


class Tokens(authd_test.AuthdCase):
    def present(self, token):
        peer = dbus.Dictionary({"address": dbus.String("192.0.2.1")}, signature="sv")
        return self.call("VerifyToken", dbus.ByteArray(token.encode()), peer)

    def alknetctl(self, *arguments, text="", check=0):
        done = subprocess.run([harness.binary("alknetctl"), "--bus-address", self.address, *arguments], input=text,
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, check, done.stderr)
        return done.stdout

    def test_an_api_key_from_its_making_to_its_end(self):
        self.start_authd(self.one)
        made = json.loads(self.alknetctl("--json", "token", "create", "--scope", "call:x", "--ttl", "30d"))
        self.assertEqual(self.alknetctl("token", "verify", text=made["key"], check=1), "refused: unknown-key\n")
        with self.config.open("a") as file:
            file.write(made["toml"])
        self.call("Reload")
        self.assertEqual(self.alknetctl("token", "verify", text=made["key"] + "\n"),
                         f"accepted: {made['key'][:8]}\nscope call:x\n")
        accepted, _, name, scopes, _, constraints = self.present(made["key"])
        self.assertTrue(accepted)
        self.assertEqual((str(name), [str(s) for s in scopes]), (made["key"][:8], ["call:x"]))
        credential = dbus.Array([constraints["credential"]], "s")
        self.assertEqual(self.call("FindRevoked", credential), [])
        self.write_config()
        self.call("Reload")
        self.assertEqual(self.call("FindRevoked", credential), credential)
        self.assertEqual(str(self.present(made["key"])[1]), "unknown-key")
        self.assertNotIn(made["key"], self.authd.text())

    @unittest.skipIf(serialization is None, "python3-cryptography is not installed")
    def test_an_auth_token_made_elsewhere(self):
        key = serialization.load_ssh_private_key((self.dir / "one").read_bytes(), None)
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

        def token(when):
            message = hashlib.sha256(raw).digest() + int(when).to_bytes(8, "big")
            return base64.urlsafe_b64encode(message + key.sign(message)).decode().rstrip("=")

        self.start_authd(f"restrict {self.one}")
        accepted, reason, name, _, _, constraints = self.present(token(time.time()))
        self.assertTrue(accepted, reason)
        self.assertEqual(str(name), harness.fingerprint(self.dir / "one.pub"))
        self.assertEqual(dict(constraints), {"no-port-forwarding": True})
        self.assertEqual(str(self.present(token(time.time() - 400))[1]), "stale")
        self.assertEqual(str(self.present(token(time.time() + 400))[1]), "stale")
        self.keys.write_text(self.two + "\n")
        self.call("Reload")
        self.assertEqual(str(self.present(token(time.time()))[1]), "unknown-key")


if __name__ == "__main__":
    harness.main()
