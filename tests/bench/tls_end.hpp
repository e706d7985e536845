// TLS under the light client's libssh, inside the same process: this program defines recv, send and poll, and
// serves descriptors that carry TLS through OpenSSL. So nothing but the server differs between two runs.
#pragma once

namespace bench {

// Handshake on a connected, still blocking descriptor: TLS 1.3, TLS_AES_128_GCM_SHA256, certificate
// unchecked.
void start_tls(int descriptor);
// Before the descriptor is closed.
void end_tls(int descriptor);

} // namespace bench
