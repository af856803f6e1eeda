"""HTTP without TLS, and so without the certificates that TLS needs.

httpx reads the certificates of all authorities for every client it makes, also where the address
begins with http:// or ws://. It takes some 20 ms each, and the event loop stands still meanwhile.
"""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What clients of `http://` get as `verify`: it trusts nobody, should anything ask for TLS."""
