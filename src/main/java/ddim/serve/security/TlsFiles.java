package ddim.serve.security;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The files of one end of TLS, in PEM.
 *
 * @param certificates the own certificate, and those that lead to its root
 * @param key its private key: PKCS #8, RSA or EC, not encrypted
 * @param clientRoots the roots of the clients' certificates; with them every client must have one
 */
public record TlsFiles(Path certificates, Path key, Optional<Path> clientRoots) {
  /** For clients without certificates. */
  public static TlsFiles of(Path certificates, Path key) {
    return new TlsFiles(certificates, key, Optional.empty());
  }

  /** A copy that wants a certificate of every client. */
  public TlsFiles withClientRoots(Path roots) {
    return new TlsFiles(certificates, key, Optional.of(roots));
  }
}
