"""Where users connect to stands in no log: marked destinations are reached, refused, denied and not found, by both clients,
over both listeners, at debug level; then every byte that our programs wrote is searched for the marks."""

import re
import socket

import harness
import served
import targets

name_mark = "marked-destination-5b1c"
address_mark = "127.91.83.77"
denied_mark = "127.91.83.78"


class MarkedPort(targets.Http):
    """On the marked address, on a port outside the ephemeral range, so that no client's own port can be mistaken for it."""

    def __init__(self):
        super().__init__(host=address_mark)
        self._listener.close()
        for port in range(23117, 24000):
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self._listener.bind((address_mark, port))
                break
            except OSError:
                self._listener.close()
        self._listener.listen(50)
        self.port = port


class Destinations(harness.Case):
    def test_no_log_holds_them(self):
        harness.require("ssh", "openssl")
        server = self.serve()
        web = self.target(MarkedPort())
        refused_port = web.port + 1  # nobody listens there on the marked address
        config = server.state / "alknet.toml"
        config.write_text(config.read_text() + f'\n[[forwarding.rules]]\ntarget = "{denied_mark}"\naction = "deny"\n')
        server.ctl("reload")

        places = [(address_mark, web.port), (address_mark, refused_port), (denied_mark, web.port),
                  (f"{name_mark}.invalid", web.port), ("x" * 200 + name_mark, 1), (name_mark + "\nINFO forged", 2)]
        for transport in ("tcp", "tls"):
            client, proxy = server.connect("--forward", f"{harness.free_port()}:{name_mark}.invalid:{web.port}",
                                           transport=transport, name="connect-" + transport)
            replies = []
            for host, port in places:
                sock, reply = served.socks5(proxy, host, port, timeout=60)
                if reply == 0:
                    sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    self.assertTrue(harness.receive_all(sock).endswith(web.body))
                sock.close()
                replies.append(reply == 0)
            self.assertEqual(replies, [True, False, False, False, False, False])
            server.ctl("status"), server.ctl("sessions")
            self.assertEqual(client.stop(), 0)
        for transport in ("ssh", "tls"):
            for host, port in places[:4]:
                self.run_program(["ssh", "-W", f"{host}:{port}", *server.ssh_options(transport)], check=None, stdin=None,
                                 input=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn(b"denied", server.ctl("explain", "", f"{denied_mark}:{web.port}", check=None).stdout.lower())
        self.assertEqual(server.program.stop(), 0)

        self.assertGreaterEqual(len(web.requests), 4)
        marks = re.compile("|".join([name_mark, "forged", re.escape(address_mark), re.escape(denied_mark),
                                     rf"\b{web.port}\b", rf"\b{refused_port}\b"]))
        written = [path for path in self.dir.rglob("*") if path.is_file() and path != config]
        self.assertTrue(any("DEBUG" in path.read_text(errors="replace") for path in written if path.suffix == ".log"),
                        "nothing was logged at debug level: the search proves nothing")
        for path in written:
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                self.assertIsNone(marks.search(line), f"{path.name}:{number}: {line}")


if __name__ == "__main__":
    harness.main()
