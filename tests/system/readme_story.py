"""README.md, "On a server": every command of the section is read from there and run, in its order, and has to do what is said.

A command of a paragraph that is not known here fails the story: nothing stands in the README that nobody has tried.
"""

import re
import shutil

import harness
import network
import story
import targets
from client import listening
from sshd_peer import Terminal


def paragraphs():
    """[(title, [command, …])] in the order of the README."""
    text = (harness.root / "README.md").read_text().split("\n## On a server\n")[1].split("\n## ")[0]
    found = []
    for line in text.splitlines():
        if title := re.match(r"\*\*([^*]+?)[.,]?\*\*", line):
            found.append((title[1], []))
        elif line.startswith("    "):
            found[-1][1].append(line.strip())
    return [(title, commands) for title, commands in found if commands]


class Readme(story.Case):
    def setUp(self):
        super().setUp()
        self.packages()
        self.server_box, self.user = self.machine("tunnel"), self.machine("laptop")
        self.there = network.connect(self.server_box, self.user)
        self.user.run(f"echo '{self.there} tunnel.example.com' >>/etc/hosts")
        self.web = self.target_in(self.server_box, targets.Http)

    def run_all(self, commands):
        """As somebody types them, in one place, and says yes when asked; the output of all."""
        return self.server_box.run("cd /root\n" + "\n".join(commands), input="y\n" * 5, timeout=180).stdout

    def lay_out(self, packages):
        """build-deb/ where the commands are typed."""
        self.offer(self.server_box, packages)
        self.server_box.run("rm -rf /root/build-deb; cp -r /run/box/debs /root/build-deb; rm /run/box/debs/*")

    def shows_certificate(self, path):
        seen = self.user.run("openssl s_client -connect tunnel.example.com:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint")
        own = self.server_box.run(["openssl", "x509", "-noout", "-fingerprint", "-in", path])
        return seen.stdout == own.stdout

    def assert_ports(self, *wanted):
        self.assertEqual({port for port in listening(self.server_box) if re.search(r":(443|2222)$", port)}, set(wanted))

    def test_every_command(self):
        tried = []
        for title, commands in paragraphs():
            tried.append(title)
            name = "do_" + re.sub(r"\W+", "_", title.lower())
            self.assertTrue(hasattr(self, name), f"README.md has commands that are not tried: {title}")
            getattr(self, name)(commands)
        self.assertEqual(tried[0], "Install")
        self.assertEqual(tried[-1], "Uninstall")

    def do_install(self, commands):
        self.lay_out(self.packages())
        self.run_all(commands)
        self.assert_ports()

    def do_start(self, commands):
        self.assertIn("443", self.run_all(commands))
        self.assert_ports("tcp *:443")

    def do_let_somebody_in(self, commands):
        self.user.run("mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -C ann@laptop -f /root/.ssh/id_ed25519")
        self.server_box.write("/root/ann.pub", self.user.read("/root/.ssh/id_ed25519.pub"))
        self.assertIn("ann@laptop", self.run_all(commands))

    def do_connect(self, commands):
        """On the laptop, at a terminal that asks whether the host key is right; its fingerprint is the one that status shows."""
        self.offer(self.user, self.packages("alknet"))
        self.user.run("apt-get -y --no-install-recommends install /run/box/debs/*.deb")
        status = self.server_box.run(["alknetctl", "status"], check=None).stdout
        for command, port in zip(commands, ("1080", "1081"), strict=True):
            typed = self.user.entered(["env", "HOME=/root", "/bin/bash", "-c", f"cd; exec {command}"])
            with Terminal(self, [shutil.which(typed[0]), *typed[1:]]) as terminal:
                terminal.expect(rb"SHA256:[A-Za-z0-9+/]{43}", 30)
                fingerprint = re.search(rb"SHA256:[A-Za-z0-9+/]{43}", terminal.seen)[0].decode()
                self.assertIn(fingerprint, status)
                terminal.type("yes\n")
                harness.wait_until(lambda: f":{port} " in self.user.look(["ss", "-Hltn"]), 30, f"port {port}")
                page = self.user.run(["curl", "-sS", "-m", "30", "--socks5-hostname", f"127.0.0.1:{port}", self.web.url]).stdout
                self.assertEqual(page, self.web.body.decode())

    def do_plain_ssh(self, commands):
        self.run_all(commands)
        self.assert_ports("tcp *:443", "tcp *:2222")

    def do_change_the_rules(self, commands):
        self.server_box.write("/etc/alknet/alknet.toml.d/50-mine.toml", "[limits]\nmax_auth_attempts = 7\n")
        self.run_all(commands)
        self.assertTrue(any(text.startswith("reload done") for text in self.server_box.messages("-u", "alknet-listend")))

    def do_see_who_is_there_and_what_happened(self, commands):
        said = self.run_all(commands)
        self.assertIn("result=accept", said)
        self.assertNotIn(f":{self.web.port}", said)

    def do_numbers(self, commands):
        self.assertIn("\nalknet_up 1\n", self.run_all(commands))

    def do_take_a_key_away(self, commands):
        self.run_all(commands)
        self.assertNotIn("ann@laptop", self.server_box.read("/etc/alknet/authorized_keys"))

    def do_accounts(self, commands):
        self.server_box.write("/root/bob.pub", harness.make_key(self.dir / "bob", comment="bob@laptop") + "\n")
        said = self.run_all(commands)
        self.assertRegex(said, r"\nalk_[A-Za-z0-9_-]{43}\n")
        self.assertIn("account.suspended", said)

    def do_back_up(self, commands):
        self.assertIn("checked copies", self.run_all(commands))
        self.assertEqual(self.server_box.look(["stat", "-c", "%U %a", "/root/alknet-store/system.db"]).strip(), "root 600")

    def do_through_a_proxy(self, commands):
        generate, add, *rest = commands
        self.assertIn("unlocked as SHA256:", self.run_all([generate]))
        typed = self.server_box.entered(["/bin/bash", "-c", f"exec {add}"])
        with Terminal(self, [shutil.which(typed[0]), *typed[1:]]) as terminal:
            terminal.expect(rb"Secret of of-the-proxy", 30)
            terminal.type("s3cret\n")
            terminal.expect(rb"kept of-the-proxy for alknet-listend", 30)
        self.run_all(rest)
        harness.wait_until(lambda: any("password of the proxy taken" in text for text in self.server_box.messages("-u", "alknet-listend")), 30)
        # There is no such proxy here.
        self.server_box.run("rm /etc/alknet/alknet.toml.d/50-proxy.toml; systemctl reload alknet-listend")

    def do_a_certificate_that_browsers_accept(self, commands):
        live = "/etc/letsencrypt/live/tunnel.example.com"
        order = (f"mkdir -p -m 700 {live}; openssl req -x509 -newkey rsa:2048 -nodes -keyout {live}/privkey.pem "
                 f"-out {live}/fullchain.pem -subj /CN=tunnel.example.com -days 30 2>/dev/null")
        self.server_box.run(order)
        self.assertFalse(self.shows_certificate(f"{live}/fullchain.pem"))
        self.run_all(commands)
        self.assertTrue(self.shows_certificate(f"{live}/fullchain.pem"))
        # What certbot does after a renewal.
        self.server_box.run(order)
        self.assertFalse(self.shows_certificate(f"{live}/fullchain.pem"))
        self.server_box.run(["/etc/letsencrypt/renewal-hooks/deploy/alknet"])
        self.assertTrue(self.shows_certificate(f"{live}/fullchain.pem"))

    def do_upgrade(self, commands):
        self.lay_out(self.later_packages("+later"))
        old = self.server_box.show("alknet-listend", "MainPID")
        self.run_all(commands)
        version = self.server_box.look(["dpkg-query", "-W", "-f", "${Version}", "alknet-listend"])
        self.assertTrue(version.endswith("+later"), version)
        self.assertEqual(self.server_box.state("alknet-listend"), "active")
        self.assertNotEqual(self.server_box.show("alknet-listend", "MainPID"), old)
        self.assert_ports("tcp *:443", "tcp *:2222")

    def do_ban(self, commands):
        # As a machine with a mirror would find it: the package starts it.
        self.server_box.run(["systemctl", "enable", "--now", "fail2ban"])
        harness.wait_until(lambda: "alknet" in self.server_box.run(["fail2ban-client", "status"], check=None).stdout, 30)
        self.assertIn("Currently banned", self.run_all(commands))

    def do_uninstall(self, commands):
        self.assertIn("purge", commands[-1])
        self.run_all(commands[:1])
        self.assert_ports()
        self.run_all(commands[1:2])
        self.assertTrue(self.server_box.exists("/etc/alknet/ssh_host_ed25519_key"))
        self.run_all(commands[2:])
        self.assertFalse(self.server_box.exists("/etc/alknet/ssh_host_ed25519_key"))
        self.assertFalse(self.server_box.exists("/etc/alknet/authorized_keys"))
        self.assertFalse(self.server_box.exists("/var/lib/alknet-stored"))


if __name__ == "__main__":
    harness.main()
