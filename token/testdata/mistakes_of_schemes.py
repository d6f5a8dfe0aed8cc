#!/usr/bin/env python3
"""Writes mistakes_of_schemes.tsv: links of every scheme that were signed or passed on wrongly.

    python3 testdata/mistakes_of_schemes.py > testdata/mistakes_of_schemes.tsv

Digests by hashlib and hmac alone. Each scheme is written down a second time here, from the vendors' pages that
the Go files name, so that a mistake in one of the two shows.
"""
import base64, hashlib, hmac, re, socket

KEYS = {"key": b"secret_key", "old": b"old_secret", "other": b"other_secret"}
V4, V6 = "203.0.113.9", "2001:db8::1a"
AT, UNTIL = 1893452400, "1893456000"
HOST = "cdn.example.com"

def url64(b): return base64.urlsafe_b64encode(b).decode().rstrip("=")
def std64(b): return base64.b64encode(b).decode()
def md5(k, m): return hashlib.md5(m).digest()
def sha256(k, m): return hashlib.sha256(m).digest()
def mac(name): return lambda k, m: hmac.new(k, m, name).digest()
def text(a): return a.encode()
def packed(a): return socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a) if a else b""
def halved(a): return packed(a)[:8] + bytes(8) if ":" in a else packed(a)

class Scheme:
    """message(k, path, expires, address, query) -> bytes; link(path, query, digest text, expires) -> target."""
    def __init__(self, name, message, link, digest=md5, write=url64, address=text, binds=False, raw=False, dirs=False,
                 whole=False, hexed=False, keyed=False, query=False, space=False, below=False, until=UNTIL, issues=False, coded=False):
        self.__dict__.update(locals())

def named(token, expires):
    return lambda path, query, d, e: path + "?" + query + token + "=" + d + "&" + expires + "=" + e

def joined(*parts): return b"".join(parts)

SCHEMES = [
    Scheme("gcore-video", lambda k, p, e, a, q: joined(b"7_abc_", k, b"_", e, b"_", a),
           lambda path, query, d, e: "/videos/7_abc/" + d + "/" + e + "/720/seg-1.ts", binds=True, whole=True),
    Scheme("gcore-mp4", lambda k, p, e, a, q: joined(p, b"_", k, b"_", e, b"___", a), named("md5", "expires"), binds=True, dirs=True),
    Scheme("nginx:$arg_st,$arg_e;$secure_link_expires$uri$remote_addr KEY", lambda k, p, e, a, q: joined(e, p, a, b" ", k),
           named("st", "e"), binds=True, dirs=True, space=True),
    Scheme("nginx:$arg_st,$arg_e;$binary_remote_addr$uri$secure_link_expires KEY", lambda k, p, e, a, q: joined(a, p, e, b" ", k),
           named("st", "e"), binds=True, dirs=True, space=True, address=packed),
    Scheme("bunny:md5", lambda k, p, e, a, q: joined(k, p, e, a), named("token", "expires"), binds=True, raw=True, dirs=True),
    Scheme("bunny:sha256", lambda k, p, e, a, q: joined(k, p, e, a, q), named("token", "expires"), digest=sha256, binds=True, raw=True,
           dirs=True, query=True),
    Scheme("bunny", lambda k, p, e, a, q: joined(p, e, a, q), lambda path, query, d, e: path + "?" + query + "token=HS256-1-" + d + "&expires=" + e,
           digest=mac("sha256"), binds=True, raw=True, dirs=True, query=True, address=halved, keyed=True),
    Scheme("keycdn", lambda k, p, e, a, q: joined(p, k, e), named("token", "expire")),
    Scheme("cdn77", lambda k, p, e, a, q: joined(e, p, k), lambda path, query, d, e: path + "?" + query + "secure=" + d + "," + e,
           write=lambda b: base64.urlsafe_b64encode(b).decode(), dirs=True),
    Scheme("cdnsun", lambda k, p, e, a, q: joined(e, p, k, a), lambda path, query, d, e: path + "?" + query + "secure=" + d + "&expires=" + e + "&ip=" + V4,
           dirs=True),
    Scheme("akamai", lambda k, p, e, a, q: joined(b"ip=203.0.113.9~exp=", e, b"~url=", p),
           lambda path, query, d, e: path + "?" + query + "hdnts=ip=203.0.113.9~exp=" + e + "~hmac=" + d,
           digest=mac("sha256"), write=bytes.hex, raw=True, dirs=True, hexed=True, keyed=True, coded=True),
    Scheme("fastly", lambda k, p, e, a, q: joined(p, b"?" + q if q else b"", e), lambda path, query, d, e: path + "?" + query + "token=" + e + "_" + d,
           digest=mac("sha1"), write=bytes.hex, raw=True, hexed=True, keyed=True, query=True, coded=True),
    Scheme("cloudflare", lambda k, p, e, a, q: joined(p, b"?" + q if q else b"", e), lambda path, query, d, e: path + "?" + query + "verify=" + e + "-" + d,
           digest=mac("sha256"), write=lambda b: re.sub("[+/=]", lambda m: "%%%02X" % ord(m[0]), std64(b)), raw=True, keyed=True, query=True, issues=True),
    Scheme("mediavault", lambda k, p, e, a, q: joined(k, b"https://cdn.example.com", p, b"?", q + b"&" if q else b"", b"e=", e),
           lambda path, query, d, e: path + "?" + query + "e=" + e + "&h=" + d, write=bytes.hex, raw=True, dirs=True, hexed=True, query=True),
]

def printable(b):
    out = ""
    while b:
        for n in range(1, 5):
            try: c = b[:n].decode()
            except UnicodeDecodeError: continue
            if len(c) == 1: break
        else: n, c = 1, "\0"
        out += "\\\\" if c == "\\" else c if c.isprintable() else "".join("\\x%02x" % x for x in b[:n])
        b = b[n:]
    return out

def row(s, mistake, sent="/live/seg-1.ts", path=None, expires=None, until=None, address=None, client=None, key=None, query="", asked=None,
        write=None, digest=None, change=None, hashed=None, policy=None, scope="file", message=None, shown=None, at=None, clients=None, link=None):
    until = s.until if until is None else until
    client = V4 if client is None else client
    bound = s.binds and (policy is None or "bound" in policy)
    address = (s.address(client) if bound else text(V4) if s.name == "cdnsun" else b"") if address is None else address
    path = (path if path is not None else sent).encode()
    expires = (until if expires is None else expires).encode()
    key = KEYS["key"] if key is None else key
    asked = query if asked is None else asked
    m = (message or s.message)
    q = asked.rstrip("&").encode()
    made = (digest or s.digest)(key, m(key, path, expires, address, q))
    target = (link or s.link)(sent, query, (write or s.write)(made), until)
    if change: target = change(target)
    shown = b"<key>" if shown is None else shown
    text_hashed = printable(m(shown, path, expires, address, q))
    policy = policy or "auto,%s,0" % ("bound" if s.binds else "free")
    print("\t".join([s.name, mistake, clients or client or "-", policy, target, text_hashed]))

def keys(s):
    for end in ("\n", "\r\n", "\r", " "):
        if not s.coded: row(s, "key_newline", key=KEYS["key"] + end.encode(), shown=b"<key>" + end.encode())
    row(s, "old_key", key=KEYS["old"])
    row(s, "other_host_key", key=KEYS["other"])
    row(s, "empty_key", key=b"", shown=b"")
    if s.coded:
        coded = KEYS["key"].hex() if s.name == "akamai" else std64(KEYS["key"])
        row(s, "undecoded_key", key=coded.encode())
        row(s, "undecoded_key", key=coded.encode() + b"\n")
    else:
        row(s, "undecoded_key", key=KEYS["key"].hex().encode(), shown=b"hex(<key>)")
        row(s, "undecoded_key", key=base64.b64encode(KEYS["key"] + b"\n"), shown=b"base64(<key>\n)")
        row(s, "decoded_key", key=base64.urlsafe_b64decode(KEYS["key"] + b"=="), shown=b"unbase64(<key>)")
    if s.space: row(s, "no_space", message=lambda k, p, e, a, q: s.message(k, p, e, a, q).replace(b" " + k, k))

def addresses(s):
    if not s.binds: return
    row(s, "no_address", address=b"")
    row(s, "private_address", address=s.address("10.0.0.9"))
    row(s, "private_address", address=s.address("192.168.1.1"), clients=V4)
    if s.name == "bunny":
        row(s, "no_mask", client=V6, address=packed(V6))
        row(s, "address", address=packed(V4), link=lambda path, query, d, e: path + "?token=HS256-" + d + "&expires=" + e)
    else:
        row(s, "address", policy="auto,free,0", address=s.address(V4))
        row(s, "no_mask", policy="auto,bound,24", address=s.address(V4))
        row(s, "masked", address=s.address("203.0.113.0"))
    if s.address is not text: row(s, "address_text", address=text(V4)); row(s, "address_text", client=V6, address=text(V6))
    row(s, "upper_ipv6", client=V6, address=b"2001:DB8::1A")
    row(s, "expanded_ipv6", client=V6, address=b"2001:0db8:0000:0000:0000:0000:0000:001a")
    row(s, "bracketed_ipv6", client=V6, address=b"[2001:db8::1a]")
    row(s, "mapped_ipv6", address=b"::ffff:203.0.113.9")
    row(s, "address_port", address=b"203.0.113.9:443")
    row(s, "address_port", address=b"203.0.113.9:51234")
    row(s, "address_port", client=V6, address=b"[2001:db8::1a]:40001")
    row(s, "integer_address", address=b"3405803785")
    row(s, "address_list", address=b"203.0.113.9, 10.0.0.1")
    row(s, "placeholder_address", address=b"unknown")

def paths(s):
    if s.whole: return
    sent, decoded = "/My%20dir/Seg%2B1.ts", "/My dir/Seg+1.ts"
    right = dict(sent=sent, path=sent if s.raw else decoded)
    if s.raw: row(s, "decoded_path", sent=sent, path=decoded)
    if s.raw: row(s, "decoded_path", sent=sent, path="/My+dir/Seg%2B1.ts")
    if not s.raw: row(s, "encoded_path", sent=sent, path=sent)
    if not s.raw: row(s, "encoded_path", sent=sent, path="/My%20dir/Seg%2b1.ts")
    if not s.raw: row(s, "double_decoded", sent="/a%2520b/s.ts", path="/a b/s.ts")
    row(s, "plus_as_space", sent="/a+b/s.ts", path="/a b/s.ts")
    if not s.raw: row(s, "latin1_path", sent="/caf%E9/s.ts", path="/caf\u00e9/s.ts")
    if not s.raw: row(s, "unicode_form", sent="/caf%C3%A9/s.ts", path="/cafe\u0301/s.ts")
    if s.dirs: row(s, "no_slash", path="/live")
    row(s, "no_leading_slash", path="live/seg-1.ts")
    row(s, "double_slash", path="//live/seg-1.ts")
    row(s, "file_name", path="seg-1.ts")
    row(s, "lowercased_path", sent="/Live/Seg-1.ts", path="/live/seg-1.ts")
    row(s, "uppercased_path", sent="/Live/Seg-1.ts", path="/LIVE/SEG-1.TS")
    if s.name != "mediavault":
        row(s, "full_url", path="https://cdn.example.com/live/seg-1.ts")
        row(s, "full_url", path="cdn.example.com/live/seg-1.ts")
    if not s.query: row(s, "path_with_query", query="x=1&", path="/live/seg-1.ts?x=1")
    row(s, "parent_dir", sent="/live/a/b/seg-1.ts", path="/live/")
    if not s.dirs: row(s, "dir_signed", path="/live/")
    else:
        bind = "bound" if s.binds else "free"
        row(s, "dir_signed", path="/live/", policy="file,%s,0" % bind)
        row(s, "file_signed", policy="dir,%s,0" % bind)
    if s.query and s.name != "mediavault": row(s, "no_query", query="x=1&", asked="")
    if s.name == "mediavault":
        row(s, "no_query", message=lambda k, p, e, a, q: joined(k, b"https://cdn.example.com", p))
        for origin in (b"", b"//cdn.example.com", b"cdn.example.com"):
            row(s, "other_origin", message=lambda k, p, e, a, q: joined(k, origin, p, b"?e=", e))

def expiries(s):
    sent = str(AT + 600) if s.issues else UNTIL
    row(s, "ms_expiry", until=sent + "000")
    row(s, "ms_sent", until=sent + "000", expires=sent)
    row(s, "ms_hashed", until=sent, expires=sent + "000")
    if not s.issues:
        row(s, "relative_expiry", until="3600", expires=str(AT - 60 + 3600))
        row(s, "relative_expiry", until="3600")
        row(s, "relative_hashed", expires="3600")
    row(s, "edited_expiry", until=sent, expires=str(int(sent) - 7200))
    if s.name not in ("akamai", "mediavault"): row(s, "no_expires", until=sent, expires="")
    if s.name != "gcore-video": # where a time that is no number makes the segment no time
        row(s, "expiry_text", until=sent + ".5", expires=sent + ".5")
        row(s, "expiry_text", until="0" + sent if s.name == "gcore-mp4" else sent + ".0", expires=sent)

def hashes(s):
    if s.keyed: return
    row(s, "utf16_text", digest=lambda k, m: s.digest(k, m.decode().encode("utf-16-le"))) if s.address is not packed else None
    if s.digest is not md5 or s.name == "bunny:md5": return
    row(s, "other_hash", digest=lambda k, m: hashlib.sha1(m).digest()[:16])
    row(s, "other_hash", digest=sha256)
    for name in ("md5", "sha1", "sha256"): row(s, "hmac", digest=mac(name))
    row(s, "hmac", digest=lambda k, m: mac("sha256")(KEYS["key"], m)[:16], message=lambda k, p, e, a, q: s.message(b"", p, e, a, q), shown=b"")

def digests(s):
    if s.hexed:
        row(s, "base64_digest", write=url64)
        row(s, "base64_digest", write=std64)
        if s.name == "fastly": row(s, "upper_hex", write=lambda b: b.hex().upper())
        return
    row(s, "hex_digest", write=bytes.hex)
    row(s, "hex_digest", write=lambda b: b.hex().upper())
    row(s, "base64_of_hex", write=lambda b: url64(b.hex().encode()))
    lowered = lambda b: re.sub("%..", "", s.write(b)).lower()
    if s.name == "cloudflare": return # reads both alphabets
    row(s, "lowercased_url", write=lowered)
    if s.name == "gcore-video": return # a / would end the token's segment
    if s.name in ("bunny", "bunny:sha256"): return # read as they are: what the edge does with them is not published
    row(s, "standard_base64", sent=standing(s), write=lambda b: std64(b).rstrip("="))
    row(s, "padded_base64", write=lambda b: url64(b) + "%3D%3D")
    if s.name == "bunny:md5": row(s, "kept_padding", write=lambda b: base64.urlsafe_b64encode(b).decode())

def standing(s):
    """A path whose digest has a + or / in it."""
    for n in range(1000):
        path = "/live/seg-%d.ts" % n
        a = s.address(V4) if s.binds else text(V4) if s.name == "cdnsun" else b""
        if re.search("[+/]", std64(s.digest(KEYS["key"], s.message(KEYS["key"], path.encode(), UNTIL.encode(), a, b"")))):
            return path

def urls(s):
    if not s.whole:
        row(s, "punctuation", change=lambda t: t + ".")
        row(s, "html_ampersand", query="x=1&", asked="x=1" if s.query else None, change=lambda t: t.replace("&", "&amp;"))
        if s.name != "mediavault": row(s, "double_query", query="x=1&", asked="x=1" if s.query else None, change=lambda t: t.replace("x=1&", "x=1?"))

def right(s):
    row(s, "-")
    if not s.whole: row(s, "-", sent="/a%20b/s.ts", path="/a%20b/s.ts" if s.raw else "/a b/s.ts")

PATH77 = Scheme("cdn77", lambda k, p, e, a, q: joined(e, p, k), lambda path, query, d, e: "/" + d + "," + e + path, write=lambda b: base64.urlsafe_b64encode(b).decode())

def below():
    s, sent = PATH77, "/vod/2026/a%20b/c/seg-1.ts"
    for path in ("/vod/2026/a b/c", "/vod/2026/a b", "/vod/2026", "/vod", ""): row(s, "-", sent=sent, path=path)
    for path in ("/vod/2026/a b/c/", "/vod/2026/", "/vod/", "/"): row(s, "extra_slash", sent=sent, path=path)
    row(s, "encoded_path", sent=sent, path="/vod/2026/a%20b")
    row(s, "no_leading_slash", sent=sent, path="vod/2026")
    row(s, "old_key", sent=sent, path="/vod", key=KEYS["old"])
    row(s, "edited_expiry", sent=sent, path="/vod", expires=str(int(UNTIL) + 3600))

SECRET = Scheme("nginx:secure_link_secret KEY", lambda k, p, e, a, q: joined(p, k), lambda path, query, d, e: "/p/" + d + path, write=bytes.hex, hexed=True)

def secret():
    row(SECRET, "-", path="live/seg-1.ts")
    row(SECRET, "extra_slash", path="/live/seg-1.ts")
    row(SECRET, "old_key", path="live/seg-1.ts", key=KEYS["old"])
    row(SECRET, "key_newline", path="live/seg-1.ts", key=KEYS["key"] + b"\n", shown=b"<key>\n")
    row(SECRET, "decoded_path", sent="/a%20b/s.ts", path="a b/s.ts")

def stated():
    s = next(s for s in SCHEMES if s.name == "cdnsun")
    row(s, "no_address", address=b"")
    row(s, "mapped_ipv6", address=b"::ffff:203.0.113.9")
    for name, ip in (("akamai", "ip=10.0.0.9"), ("cdnsun", "ip=10.0.0.9")):
        s = next(s for s in SCHEMES if s.name == name)
        old = s.message
        def moved(k, p, e, a, q): return old(k, p, e, a, q).replace(V4.encode(), b"10.0.0.9")
        row(s, "private_address", message=moved, change=lambda t: t.replace(V4, "10.0.0.9"))

print("# Links of all schemes but gcore that were signed or passed on wrongly, one a line, tab-separated, \"-\" for nothing or no mistake.")
print("# Made by: python3 testdata/mistakes_of_schemes.py > testdata/mistakes_of_schemes.tsv")
print("# scheme\tmistake\tclients\tpolicy\ttarget\thashed")
for s in SCHEMES:
    for group in (right, keys, addresses, paths, expiries, hashes, digests, urls): group(s)
below()
secret()
stated()
