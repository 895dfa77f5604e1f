package ddim.serve;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How a client connects.
 *
 * @param target HOST:PORT; several, with commas between; or any target that gRPC knows, as {@code
 *     dns:///NAME:PORT}. Of several servers those are asked in turn that say that they serve.
 * @param tls how the connection is kept secret; empty for one that everybody can read
 * @param tokenFile a file with nothing but the token that every call takes along; read at every
 *     call
 * @param attempts how often a call is tried in all, from 1 to 5, as long as the answer is
 *     UNAVAILABLE or its connection ends
 */
public record ClientOptions(
    String target, Optional<Tls> tls, Optional<Path> tokenFile, int attempts) {
  private static final int MOST_ATTEMPTS = 5; // gRPC makes no more

  /**
   * @param roots the roots of the servers' certificates, in PEM; those of the machine if empty
   * @param own the client's certificate and key, if servers want one
   */
  public record Tls(Optional<Path> roots, Optional<Identity> own) {
    /** Servers whose certificates lead to the roots in a file. */
    public static Tls trusting(Path roots) {
      return new Tls(Optional.of(roots), Optional.empty());
    }

    /** A copy with a certificate of the client's own. */
    public Tls as(Path certificates, Path key) {
      return new Tls(roots, Optional.of(new Identity(certificates, key)));
    }
  }

  /** The files of a certificate and its key, in PEM. */
  public record Identity(Path certificates, Path key) {}

  /**
   * @throws IllegalArgumentException if a value is out of range, naming it
   */
  public ClientOptions {
    if (target.isBlank()) {
      throw new IllegalArgumentException("target must not be empty");
    }
    if (attempts < 1 || attempts > MOST_ATTEMPTS) {
      throw new IllegalArgumentException(
          "attempts must be from 1 to " + MOST_ATTEMPTS + ", is " + attempts);
    }
  }

  /** Without TLS or token; every call is tried once. */
  public static ClientOptions of(String target) {
    return new ClientOptions(target, Optional.empty(), Optional.empty(), 1);
  }

  /** A copy with TLS. */
  public ClientOptions withTls(Tls newTls) {
    return new ClientOptions(target, Optional.of(newTls), tokenFile, attempts);
  }

  /** A copy with a token. */
  public ClientOptions withTokenFile(Path file) {
    return new ClientOptions(target, tls, Optional.of(file), attempts);
  }

  /** A copy that tries so often. */
  public ClientOptions withAttempts(int newAttempts) {
    return new ClientOptions(target, tls, tokenFile, newAttempts);
  }
}
