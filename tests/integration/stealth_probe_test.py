"""Our stealth listener beside a real nginx: every probe of the table must get the same from both, byte for byte, record
for record, closed the same way in the same class of time.

Two sites are compared: files below a directory, and the built-in one (nginx: `location / { return 404; }`). The peer is
Debian's nginx with the TLS settings of its own nginx.conf, `server_tokens off`, and gzip off (nginx's default).
"""

import concurrent.futures
import difflib
import os
import unittest

import harness
from prober import Fin, Notify, Pause, Piecewise, Probe, Raw, Wait, run
import prober

get = b"GET %s HTTP/1.1\r\nHost: localhost\r\n%sConnection: close\r\n\r\n"
chrome = b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\n"


def request(path=b"/", *headers, method=b"GET", version=b"HTTP/1.1", host=b"Host: localhost\r\n", end=b"Connection: close\r\n"):
    return method + b" " + path + b" " + version + b"\r\n" + host + b"".join(h + b"\r\n" for h in headers) + end + b"\r\n"


def simple(name, *steps, **options):
    return Probe(name, list(steps), **options)


def request_lines():
    """Anything that may stand in a first line, most of it wrong."""
    lines = [
        b"GET / HTTP/1.1", b"GET / HTTP/1.0", b"GET / HTTP/1.2", b"GET / HTTP/1.99", b"GET / HTTP/1.999", b"GET / HTTP/1.9999",
        b"GET / HTTP/2.0", b"GET / HTTP/0.9", b"GET / HTTP/10.0", b"GET / HTTP/1", b"GET / HTTP/1.", b"GET / HTTP/.1",
        b"GET / HTTP/1.1 ", b"GET / HTTP/1.1  x", b"GET  /  HTTP/1.1", b"GET / http/1.1", b"GET / HTTPS/1.1", b"GET / XTTP/1.1",
        b"get / HTTP/1.1", b"Get / HTTP/1.1", b"G-E_T / HTTP/1.1", b"FOO / HTTP/1.1", b"HEAD / HTTP/1.1", b"HEAD / HTTP/1.0",
        b"POST / HTTP/1.1", b"PUT / HTTP/1.1", b"DELETE / HTTP/1.1", b"OPTIONS / HTTP/1.1", b"OPTIONS * HTTP/1.1",
        b"TRACE / HTTP/1.1", b"CONNECT / HTTP/1.1", b"CONNECT localhost:443 HTTP/1.1", b"PATCH / HTTP/1.1", b"PROPFIND / HTTP/1.1",
        b"GET", b"GET ", b"GET /", b"GET / ", b"POST /", b"HEAD /", b"GET\t/ HTTP/1.1", b"GET /\t HTTP/1.1", b"GET /\x7f HTTP/1.1",
        b"GET /a b HTTP/1.1", b"GET /\x80\xff HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\x01 HTTP/1.1", b"HEAD /\x01 HTTP/1.1",
        b"GET http://localhost/ HTTP/1.1", b"GET http://LOCALHOST:80/a HTTP/1.1", b"GET http://localhost HTTP/1.1",
        b"GET http://localhost?x HTTP/1.1", b"GET http://localhost:80?x HTTP/1.1", b"GET http:///x HTTP/1.1", b"GET http://a..b/ HTTP/1.1",
        b"GET http://[::1]/ HTTP/1.1", b"GET http://[::1]:80/ HTTP/1.1", b"GET http://[::1 HTTP/1.1", b"GET http://[^]/ HTTP/1.1",
        b"GET http:/x HTTP/1.1", b"GET http:x HTTP/1.1", b"GET ht_tp://x/ HTTP/1.1", b"GET h2+-.://x/ HTTP/1.1", b"GET http://a_b/ HTTP/1.1",
        b"GET http://x:y/ HTTP/1.1", b"GET http://x:1:2/ HTTP/1.1", b"GET 1http://x/ HTTP/1.1", b"GET x HTTP/1.1", b"GET ? HTTP/1.1",
        b"GET http://./ HTTP/1.1",
        b"GET /%41 HTTP/1.1", b"GET /%4 HTTP/1.1", b"GET /% HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /%2e%2e/ HTTP/1.1",
        b"GET /.. HTTP/1.1", b"GET /../ HTTP/1.1", b"GET /a/../../ HTTP/1.1", b"GET /a/.. HTTP/1.1", b"GET /a/..?x HTTP/1.1",
        b"GET /a/..#x HTTP/1.1", b"GET /a/%2e%2e%2fb HTTP/1.1", b"GET /. HTTP/1.1", b"GET /./ HTTP/1.1", b"GET // HTTP/1.1", b"GET /#a HTTP/1.1",
        b"GET /?%zz HTTP/1.1", b"GET /a%3fb HTTP/1.1", b"GET /a%23b HTTP/1.1", b"GET /a%25b HTTP/1.1", b"HEAD /%00 HTTP/1.1", b"GET /%00",
        b"PRI * HTTP/2.0", b"SSH-1.99-x", b"SSH-2.0+x", b"SSH", b"\x16\x03\x01\x02\x00", b"\x80\x2e\x01", b"", b"\x00", b"\x05\x01\x00", b"-", b"_", b"1",
        b"<policy-file-request/>", b"EHLO x", b"*1\r\n$4\r\nPING", b"\xff\xfb\x01",
    ]
    for line in lines:
        rest = b"\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        yield simple(f"line {line!r}", line + rest)
    yield simple("bare line feeds", b"GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    yield simple("leading line breaks", b"\r\n\n\r\n" + request())
    yield simple("many leading line breaks", b"\r\n" * 3000 + request())
    yield simple("return without line feed", b"GET / HTTP/1.1\rHost: x\r\n\r\n")
    yield simple("http 0.9 with a bare line feed", b"GET /\n")
    yield simple("http 0.9 followed by more", b"GET /\r\nHost: localhost\r\n\r\n")
    yield simple("http 0.9 padded browser", b"GET /none\r\n" + chrome)


def header_lines():
    headers = [
        b"X: 1", b"X:1", b"X :1", b" X: 1", b"\tX: 1", b": 1", b"X", b"X:", b"X: \x01", b"X: \x00", b"X\x00: 1", b"X\x7f: 1", b"X_Y: 1", b"_X: 1",
        b"X(Y): 1", b"\x80X: 1", b"X: \xff\xfe", b"X: 1\r", b"X: 1\r\r", b"X: 1\rY: 2", b"X: 1\n Y: 2", b"X:\t1", b"X: 1 \x00",
        b"Host: localhost", b"Host: other", b"Connection: keep-alive", b"Connection: x, Close", b"Connection: upgrade",
        b"Content-Length: 0", b"Content-Length: x", b"Content-Length: -1", b"Content-Length:", b"Content-Length: 1 1", b"Content-Length: 99999999999999999999",
        b"Content-Length: 0\r\nContent-Length: 0", b"Content-Length: 1048577", b"Content-Length: 9223372036854775807", b"Content-Length: 9223372036854775808",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: Chunked \r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"Transfer-Encoding:",
        b"Expect: 100-continue", b"Expect: 100-Continue", b"Expect: x", b"Expect: x\r\nExpect: y",
        b"Range: bytes=0-1", b"If-Match: *\r\nIf-Match: *", b"If-Range: x\r\nIf-Range: x", b"Authorization: a\r\nAuthorization: b", b"Content-Range: a\r\nContent-Range: b",
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", b"User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows)", b"User-Agent: MSIE 7.0",
        b"User-Agent: Opera MSIE 6.0", b"User-Agent: Gecko/1 Chrome/1", b"User-Agent: a\r\nUser-Agent: Chrome/1", b"Accept-Encoding: gzip", b"Keep-Alive: 5",
    ]
    for header in headers:
        yield simple(f"header {header!r}", request(b"/none", header))
    yield simple("browser", get % (b"/none", chrome))
    yield simple("browser bad request", b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n" + chrome + b"\r\n")
    hosts = [b"", b"Host:\r\n", b"Host: \r\n", b"Host: a/b\r\n", b"Host: a b\r\n", b"Host: .\r\n", b"Host: a..b\r\n", b"Host: a.\r\n", b"Host: :80\r\n", b"Host: [::1]:80\r\n",
             b"Host: [::1\r\n", b"Host: a:b:c\r\n", b"Host: \x7f\r\n", b"Host: \xc3\xa4\r\n", b"Host: a\tb\r\n"]
    for host in hosts:
        yield simple(f"host {host!r}", request(host=host))
        yield simple(f"host 1.0 {host!r}", request(host=host, version=b"HTTP/1.0"))
    yield simple("no host, absolute", request(b"http://localhost/", host=b""))
    yield simple("1.0 chunked", request(b"/", b"Transfer-Encoding: chunked", version=b"HTTP/1.0"))


def sizes():
    for size in (900, 1023, 1024, 1025, 4000, 8000, 8150, 8190, 8192, 8193, 9000, 20000, 40000):
        yield simple(f"uri of {size}", request(b"/" + b"a" * size))
        yield simple(f"header of {size}", request(b"/", b"X: " + b"a" * size))
        yield simple(f"name of {size}", request(b"/", b"X" * size + b": 1"))
        yield simple(f"short headers, {size} in all", request(b"/", *[b"X-%05d: 1" % i for i in range(size // 12)]))
        yield simple(f"method of {size}", b"A" * size + b" / HTTP/1.1\r\n\r\n")
        yield simple(f"spaces {size}", b"GET " + b" " * size + b"/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        yield simple(f"line breaks {size}", b"\r\n" * (size // 2) + request())
    for count in (990, 998, 999, 1100):
        yield simple(f"{count} headers", request(b"/", *[b"X: 1"] * count), Wait(), b"x" * 100)
        yield simple(f"{count} skipped headers", request(b"/", *[b"X_: 1"] * count))
    for count in (3, 4, 5):
        yield simple(f"{count} headers of 7000", request(b"/", *[b"X: " + b"a" * 7000] * count))
    for edge in range(8150, 8200, 3):
        yield simple(f"edge uri {edge}", request(b"/" + b"a" * edge))
        yield simple(f"edge header {edge}", request(b"/", b"X: " + b"a" * edge))


def bodies():
    for method in (b"POST", b"GET", b"PUT"):
        length = lambda n: b"Content-Length: %d" % n
        yield simple(f"{method} whole body", request(b"/none", length(5), method=method) + b"hello")
        yield simple(f"{method} body later", request(b"/none", length(5), method=method), Wait(), b"hello")
        yield simple(f"{method} body missing, fin", request(b"/none", length(5), method=method), Wait(), Fin())
        yield simple(f"{method} body missing, notify", request(b"/none", length(5), method=method), Wait(), Notify())
        yield simple(f"{method} body too long", request(b"/none", length(5), method=method) + b"hello, world")
        keep = dict(method=method, end=b"")
        yield simple(f"{method} kept, body then request", request(b"/none", length(5), **keep) + b"hello" + request())
        yield simple(f"{method} kept, body later then request", request(b"/none", length(5), **keep), Wait(), b"hel", b"lo" + request())
        yield simple(f"{method} kept, 20 kB body", request(b"/none", length(20000), **keep) + b"x" * 20000 + request())
        chunked = b"Transfer-Encoding: chunked"
        for text in (b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5;x=y\r\nhello\r\n0;z\r\nT: 1\r\n\r\n", b"x\r\n", b"5\r\nhelloX", b"-1\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
                     b"0\n\n", b"00005\r\nhello\r\n00\r\n\r\n", b"fffffffffffffffff\r\n", b"7fffffffffffffff\r\n", b"1\r\n\r\n\r\n0\r\n\r\n", b"0\r\nT\r\n\r\n"):
            yield simple(f"{method} chunks {text!r}", request(b"/none", chunked, **keep) + text + request())
        yield simple(f"{method} chunks in pieces", request(b"/none", chunked, **keep), Piecewise(b"5\r\nhello\r\n0\r\n\r\n"), Wait(), request())
        yield simple(f"{method} chunk later, bad", request(b"/none", chunked, **keep), Wait(), b"zz\r\n")
        yield simple(f"{method} chunked 20 kB then request", request(b"/none", chunked, **keep) + b"4e20\r\n" + b"x" * 20000 + b"\r\n0\r\n\r\n" + request())
        yield simple(f"{method} expect", request(b"/index.html", length(5), b"Expect: 100-continue", method=method), Wait(), b"hello")
        yield simple(f"{method} too large", request(b"/none", length(1048577), method=method), Wait(), b"x" * 1000)
    yield simple("1.0 expect", request(b"/index.html", b"Expect: 100-continue", version=b"HTTP/1.0"))
    yield simple("file with body", request(b"/index.html", b"Content-Length: 4", end=b"") + b"body" + request())
    yield simple("file with bad chunks", request(b"/index.html", b"Transfer-Encoding: chunked", end=b"") + b"zz" + request())
    yield simple("expect, bad chunks", request(b"/index.html", b"Transfer-Encoding: chunked", b"Expect: 100-continue", end=b"") + b"zz")


def connections():
    kept = request(end=b"")
    yield simple("kept open", kept)
    yield simple("two requests", kept, Wait(), kept)
    yield simple("pipelined", kept * 5)
    yield simple("pipelined, last closes", kept * 4 + request())
    yield simple("pipelined, more than a buffer", kept * 60)
    yield simple("pipelined, with large heads", request(b"/" + b"a" * 3000, end=b"") * 5)
    yield simple("pipelined, close in the middle", kept + request() + kept)
    yield simple("pipelined, bad in the middle", kept + b"\x00" + kept)
    yield simple("pipelined, then half", kept + b"GET / HT")
    yield simple("line break after request", kept + b"\r\n")
    yield simple("1.0", request(version=b"HTTP/1.0", end=b""))
    yield simple("1.0 keep-alive", request(version=b"HTTP/1.0", end=b"Connection: keep-alive\r\n"))
    yield simple("0.9", b"GET /\r\n")
    yield simple("byte by byte", Piecewise(request()))
    yield simple("bad byte by byte", Piecewise(b"GET / HTTX"))
    yield simple("request, notify", kept, Notify())
    yield simple("request, notify, later", kept, Wait(), Notify())
    yield simple("request, fin", kept, Fin())
    yield simple("request, fin, later", kept, Wait(), Fin())
    yield simple("closing request, notify and fin", request(), Notify(), Fin())
    yield simple("half a request, fin", b"GET / HT", Fin())
    yield simple("half a request, notify", b"GET / HT", Notify())
    yield simple("half a request, notify, fin", b"GET / HT", Wait(), Notify(), Fin())
    yield simple("nothing, fin", Fin())
    yield simple("nothing, notify", Notify())
    yield simple("nothing")
    yield simple("half SSH, fin", b"SSH-2.0", Fin())
    yield simple("half SSH, notify", b"SSH-", Notify())
    # From "SSH-2" on nginx knows that this is no method; we cannot know yet that it is not SSH, and wait.
    yield simple("half SSH", b"SSH-")
    yield simple("SSH without a dash", b"SSH-2.0 \r\n")
    yield simple("bad SSH, more bytes", b"SSH-2.1-x\r\n" + b"x" * 3000)
    yield simple("h2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
    yield simple("h2 preface, alpn", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", alpn=("http/1.1",))
    yield simple("much after a closing request", request() + b"x" * 100000)
    yield simple("much after a bad request", b"\x00" + b"x" * 100000)
    yield simple("a bad record", Raw(b"\x17\x03\x03\x00\x20" + b"x" * 32))
    yield simple("a bad record type", Raw(b"GET / HTTP/1.1\r\n\r\n"))
    yield simple("a bad record later", kept, Wait(), Raw(b"\x17\x03\x03\x00\x20" + b"x" * 32))
    yield simple("half a record, fin", Raw(b"\x17\x03\x03\x00\x20" + b"x" * 10), Fin())
    yield simple("garbage", bytes(range(256)) * 4)


def files():
    for path in (b"/", b"/index.html", b"/empty", b"/big.bin", b"/exact.bin", b"/dir", b"/dir/", b"/dir?x=1", b"/d%20r", b"/none", b"/none/", b"/index.html/", b"/index.html/x", b"/noindex/",
                 b"/noindex", b"/style.CSS", b"/a.b.tar.gz", b"/.hidden", b"/.hidden.html", b"/secret", b"/a.", b"/page.jardiff", b"/page.docx", b"/fifo", b"/loop", b"/inside", b"/sub/../index.html",
                 b"/" + b"n" * 300, b"/" + b"n/" * 2500, b"/image.svgz"):
        for method in (b"GET", b"HEAD", b"POST", b"DELETE"):
            yield simple(f"{method} {path[:40]!r}", request(path, method=method))
        yield simple(f"0.9 {path[:40]!r}", b"GET " + path + b"\r\n")
        yield simple(f"1.0 no host {path[:40]!r}", request(path, version=b"HTTP/1.0", host=b""))
    stamp = b"Thu, 01 Jan 2015 00:00:00 GMT"
    etag = b'"54a48e00-28"'
    conditions = [b"If-Modified-Since: " + stamp, b"If-Modified-Since: Fri, 02 Jan 2015 00:00:00 GMT", b"If-Modified-Since: Thursday, 01-Jan-15 00:00:00 GMT",
                  b"If-Modified-Since: Thu Jan  1 00:00:00 2015", b"If-Modified-Since: x", b"If-Modified-Since: 01 Jan 2015 00:00:00 GMT", b"If-Modified-Since: Thu, 31 Feb 2015 00:00:00 GMT",
                  b"If-Unmodified-Since: " + stamp, b"If-Unmodified-Since: Thu, 01 Jan 2004 00:00:00 GMT", b"If-Unmodified-Since: x",
                  b"If-Match: *", b"If-Match: " + etag, b"If-Match: \"x\"", b"If-Match: W/" + etag, b"If-Match: \"x\" , " + etag,
                  b"If-None-Match: *", b"If-None-Match: " + etag, b"If-None-Match: W/" + etag, b"If-None-Match: \"x\",\t" + etag + b" ,", b"If-None-Match: " + etag + b"x", b"If-None-Match: \"x\"",
                  b"If-None-Match: " + etag + b"\r\nIf-Modified-Since: " + stamp, b"If-None-Match: \"x\"\r\nIf-Modified-Since: " + stamp]
    ranges = [b"bytes=0-4", b"bytes=5-", b"bytes=-5", b"bytes=-500", b"bytes=0-500", b"bytes=39-", b"bytes=40-", b"bytes=41-", b"bytes=4-2", b"bytes=0-0,2-3", b"bytes=0-0, -1", b"bytes=0-39,0-39",
              b"bytes=", b"bytes=x", b"bytes=1", b"bytes=1-x", b"Bytes=0-4", b"items=0-4", b"bytes=0-4,x", b"bytes= 0 - 4 , 6 - 7", b"bytes=-0", b"bytes=0-", b"bytes=99999999999999999999-", b"bytes=0-4,50-60", b"bytes=50-60,0-4", b"bytes=,0-1"]
    conditions += [b"Range: " + r for r in ranges]
    conditions += [b"Range: bytes=0-4\r\nIf-Range: " + v for v in (etag, b"\"x\"", stamp, b"Fri, 02 Jan 2015 00:00:00 GMT", b"x", b"W/" + etag)]
    for condition in conditions:
        yield simple(f"with {condition!r}", request(b"/index.html", condition))
        yield simple(f"kept, with {condition!r}", request(b"/index.html", condition, end=b"") + request())
    yield simple("head with range", request(b"/index.html", b"Range: bytes=0-4", method=b"HEAD"))
    yield simple("head with ranges", request(b"/index.html", b"Range: bytes=0-4,6-7", method=b"HEAD"))
    yield simple("0.9 style of 1.0 range", request(b"/index.html", b"Range: bytes=0-4", version=b"HTTP/1.0"))
    yield simple("range of empty", request(b"/empty", b"Range: bytes=0-4"))
    yield simple("suffix range of empty", request(b"/empty", b"Range: bytes=-4"))
    yield simple("range of big", request(b"/big.bin", b"Range: bytes=100-50000"))
    yield simple("big ranges", request(b"/big.bin", b"Range: bytes=100-50000,60000-90000"))


def plain():
    for line in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"GET /\r\n", b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"x\r\n", b"\x00",
                 b"SSH-2.0-OpenSSH_9.2\r\n", b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\nhello", b"GET / HTTP/1.1\r\nHost: x\r\n" + chrome + b"\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
                 b"\x17\x03\x03\x00\x02\x02\x28", b"GET / HT", b"G"):
        yield simple(f"plain {line[:60]!r}", line, tls=False)
        yield simple(f"plain, fin {line[:60]!r}", line, Fin(), tls=False)
        yield simple(f"plain in pieces {line[:60]!r}", line[:3], Wait(), line[3:], tls=False)
    yield simple("plain nothing, fin", Fin(), tls=False)
    yield simple("plain much", b"\x00" + b"x" * 100000, tls=False)


def hello(version=b"\x03\x03", body=None, record=b"\x03\x01"):
    if body is None:
        body = version + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16" + record + len(message).to_bytes(2, "big") + message


def hellos():
    whole = hello()
    for name, data in {
        "half a hello": whole[:30], "a hello without extensions": whole, "tls 1.0 hello": hello(b"\x03\x01"), "tls 1.1 hello": hello(b"\x03\x02"), "ssl 3 hello": hello(b"\x03\x00"),
        "tls 1.2 ciphers": hello(body=b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x2f" + b"\x01\x00"), "bad ciphers": hello(body=b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x00\x05" + b"\x01\x00"),
        "empty hello": hello(body=b""), "hello with a bad length": b"\x16\x03\x01\x00\x05\x01\x00\x00\x09a", "huge hello": b"\x16\x03\x01\x40\x00\x01\x02\x00\x00" + b"x" * 16380, "oversized record": b"\x16\x03\x01\xff\xff" + b"x" * 70000,
        "oversized message": b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"x" * 16380, "sslv2 hello": b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + b"\x00\x00\x2f" * 7 + b"x" * 16, "sslv2 garbage": b"\x80" + b"x" * 60, "0xff": b"\xff" * 40, "only 0x16": b"\x16", "handshake garbage": b"\x16" + b"x" * 60,
        "handshake garbage with a version": b"\x16\x03\x01\x00\x10" + b"x" * 16, "empty record": b"\x16\x03\x01\x00\x00", "wrong message": b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", "alert in front": b"\x15\x03\x01\x00\x02\x02\x28", "two hellos": whole + whole,
        "application data first": b"\x17\x03\x03\x00\x05hello", "a record version of 9": b"\x16\x09\x01\x00\x05hello",
    }.items():
        yield simple(name, data, tls=False)
        yield simple(name + ", fin", data, Fin(), tls=False)
        if data == whole:  # of garbage, it depends on the scheduler how much has come when it is refused
            yield simple(name + ", in pieces", Piecewise(data[:8]), data[8:], tls=False)
    for alpn in (("http/1.1",), ("h2", "http/1.1"), ("h2",), ("http/1.0",), ("http/0.9",), ("spdy/3", "http/1.0", "http/1.1"), ("acme-tls/1",), ("x",)):
        for tls12 in (False, True):
            yield simple(f"alpn {alpn} {tls12}", request(), alpn=alpn, tls12=tls12)
    for sni in ("", "localhost", "other.example", "127.0.0.1", "a" * 60 + ".example"):
        for tls12 in (False, True):
            yield simple(f"sni {sni} {tls12}", request(), sni=sni, tls12=tls12)
    for ciphers in ("AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384", "CAMELLIA256-SHA", "AES256-GCM-SHA384",
                    "NULL-SHA256:@SECLEVEL=0", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"):
        yield simple(f"cipher {ciphers}", request(), tls12=True, ciphers=ciphers)
    yield simple("resumed 1.2", request(), tls12=True, resume=True)
    yield simple("resumed 1.3", request(), resume=True)


def slow():
    """Deadlines: both servers allow `patience` seconds for a head."""
    yield simple("silence before TLS", tls=False, patience=8)
    yield simple("one byte of a hello", b"\x16", tls=False, patience=8)
    yield simple("half a hello", hello()[:20], tls=False, patience=8)
    yield simple("silence after TLS", patience=8)
    yield simple("half SSH", b"SSH-", patience=8)
    yield simple("half a request", b"GET / HTTP/1.1\r\nHos", patience=8)
    yield simple("trickling", b"GET / ", Pause(0.8), b"HTTP/1.1\r\n", Pause(0.8), b"X: 1\r\n", patience=8)
    yield simple("half a plain request", b"GET / HT", tls=False, patience=8)
    yield simple("line breaks", b"\r\n", patience=8)
    yield simple("body missing", request(b"/none", b"Content-Length: 5"), patience=8)
    yield simple("body missing, kept", request(b"/none", b"Content-Length: 5", end=b""), patience=8)
    yield simple("body in slow pieces", request(b"/none", b"Content-Length: 5", end=b""), b"h", Pause(2), b"el", Pause(2), b"lo" + request(), patience=8)
    yield simple("after a closing request", request(), Pause(6), b"x" * 100, patience=1)


def complete():
    """The real times of nginx's defaults; a minute and more."""
    for probe in slow():
        probe.patience = 70
        yield probe
    yield simple("idle after a request", request(end=b""), patience=80)
    yield simple("half a second request", request(end=b"") + b"GET", patience=70)
    yield simple("half a second request, later", request(end=b""), Wait(), b"GET", patience=70)


class Beside(harness.Case):
    """nginx and ours, the same table to both."""

    def certificate(self):
        harness.require("nginx", "openssl")
        cert, key = self.dir / "cert.pem", self.dir / "key.pem"
        self.run_program(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-keyout", key, "-out", cert])
        return cert, key

    def web_root(self):
        base = self.dir / "www"
        root = base / "root"
        for directory in ("dir", "noindex", "sub", "d r"):
            (root / directory).mkdir(parents=True)
        text = b"<html><body>It works.</body></html>\r\n\r\n\n"
        contents = {"index.html": text[:40], "dir/index.html": b"dir", "empty": b"", "big.bin": bytes(range(256)) * 1000, "exact.bin": b"e" * 32768, "style.CSS": b"x{}", "a.b.tar.gz": b"z", ".hidden": b"h",
                    ".hidden.html": b"h", "a.": b"a", "page.jardiff": b"j", "page.docx": b"d", "image.svgz": b"s"}
        for name, content in contents.items():
            (root / name).write_bytes(content)
            os.utime(root / name, (1420070400, 1420070400))
        (root / "index.html").write_bytes(b"<html><body>It works here.</body></html>"[:40])
        os.utime(root / "index.html", (1420070400, 1420070400))
        os.mkfifo(root / "fifo")
        (root / "loop").symlink_to("loop")
        (root / "inside").symlink_to("index.html")
        (root / "secret").mkdir()
        return root

    def nginx(self, cert, key, location, timeout=60):
        port = harness.free_port()
        prefix = self.dir / f"nginx-{port}"
        prefix.mkdir()
        temporary = "".join(f"{what}_temp_path {prefix}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (prefix / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {prefix}/pid; error_log stderr info;
            {'user root;' if os.getuid() == 0 else ''}
            events {{ worker_connections 512; }}
            http {{
              access_log off; {temporary}
              sendfile on; tcp_nopush on; types_hash_max_size 2048; server_tokens off;
              include /etc/nginx/mime.types; default_type application/octet-stream;
              ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
              client_header_timeout {timeout}s;
              server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key}; {location} }}
            }}""")
        self.start(f"nginx-{port}", ["nginx", "-p", str(prefix) + "/", "-c", str(prefix / "nginx.conf"), "-e", "stderr"])
        harness.wait_until(lambda: accepts(port), what="nginx accepts")
        return port

    def ours(self, cert, key, *options):
        driver = self.start(f"ours{len(self._programs)}", [os.environ["ALKNET_WEB_DRIVER"], cert, key, *options])
        return int(driver.wait_line(r"^ready (\d+)$")[1])

    def compare(self, nginx, ours, probes):
        probes = list(probes)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            theirs = [pool.submit(run, nginx, probe) for probe in probes]
            mine = [pool.submit(run, ours, probe) for probe in probes]
            for probe, a, b in zip(probes, theirs, mine):
                with self.subTest(probe.name):
                    a, b = a.result(), b.result()
                    # Whether input is still on its way when a server closes is up to the scheduler, and nginx itself
                    # then has several answers: what counts is that it gives ours as well. Try again, alone.
                    seen = {tuple(a)}, {tuple(b)}
                    for _ in range(8):
                        if seen[0].isdisjoint(seen[1]):
                            a, b = run(nginx, probe), run(ours, probe)
                            seen[0].add(tuple(a))
                            seen[1].add(tuple(b))
                    if seen[0].isdisjoint(seen[1]):
                        self.fail("\n" + "\n".join(difflib.unified_diff(a, b, "nginx", "ours", lineterm="", n=30)))

    def both(self, table, patience=60, files=True):
        cert, key = self.certificate()
        root = self.web_root()
        timed = ["--patience", patience] if patience != 60 else []
        if files:
            self.compare(self.nginx(cert, key, f"root {root};", patience), self.ours(cert, key, "--root", root, *timed), table)
        else:
            self.compare(self.nginx(cert, key, "location / { return 404; }", patience), self.ours(cert, key, *timed), table)

    def test_files(self):
        self.both(files())

    def test_request_lines(self):
        self.both(request_lines())

    def test_request_lines_built_in(self):
        self.both(request_lines(), files=False)

    def test_header_lines(self):
        self.both(header_lines())

    def test_header_lines_built_in(self):
        self.both(header_lines(), files=False)

    def test_sizes(self):
        self.both(sizes(), files=False)

    def test_bodies(self):
        self.both(bodies())

    def test_bodies_built_in(self):
        self.both(bodies(), files=False)

    def test_connections(self):
        self.both(connections(), files=False)

    def test_plain_http(self):
        self.both(plain(), files=False)

    def test_hellos(self):
        self.both(hellos(), files=False)

    def test_alknet_serve(self):
        """The whole server with its embedded defaults, behind it the built-in site."""
        cert, key = self.certificate()
        # RSA, because the lengths of its signatures do not vary.
        state = self.dir / "state"
        (state / "tls").mkdir(parents=True, mode=0o700)
        state.chmod(0o700)
        for source in (cert, key):
            (state / "tls" / source.name).write_bytes(source.read_bytes())
            (state / "tls" / source.name).chmod(0o600)
        served = self.serve(state=state)
        nginx = self.nginx(cert, key, "location / { return 404; }")
        for table in (connections, plain, hellos, bodies):
            self.compare(nginx, served.tls[1], table())

    def test_deadlines(self):
        self.both(slow(), patience=2, files=False)

    def test_deadlines_complete(self):
        if not harness.full:
            self.skipTest("minutes long: ALKNET_FULL=1")
        self.both(complete(), files=False)


def accepts(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    prober.quiet_time = 1.0 if harness.full else prober.quiet_time
    harness.main()
