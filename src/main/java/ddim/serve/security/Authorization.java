package ddim.serve.security;

import java.security.cert.X509Certificate;
import java.util.Optional;

/** Decides who may call what. Asked on handler threads: must not block. Thread-safe. */
public interface Authorization {
  /**
   * Who wants to call what.
   *
   * @param method its full name, {@code SERVICE/METHOD}
   * @param token what stands after "Bearer" in the header {@code authorization}
   * @param certificate the client's, which TLS has verified
   * @param address where the client is
   */
  record Attempt(
      String method,
      Optional<String> token,
      Optional<X509Certificate> certificate,
      String address) {
    /** Without the token. */
    @Override
    public String toString() {
      return method + " from " + address;
    }
  }

  /** What is decided. */
  sealed interface Decision {
    /**
     * It may.
     *
     * @param client the name under which its limits are kept and its calls are logged
     */
    record Allowed(String client) implements Decision {}

    /**
     * Nobody knows who it is: UNAUTHENTICATED.
     *
     * @param why told to the client
     */
    record Unknown(String why) implements Decision {}

    /**
     * It is known, and may not: PERMISSION_DENIED.
     *
     * @param why told to the client
     */
    record Denied(String why) implements Decision {}
  }

  /** Decides. What it throws is an internal error to the client. */
  Decision decide(Attempt attempt);
}
