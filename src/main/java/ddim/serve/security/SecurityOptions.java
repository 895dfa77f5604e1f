package ddim.serve.security;

import ddim.serve.call.ClientLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Who may connect, call, and how much.
 *
 * @param tls the server's certificate; empty for connections that everybody can read
 * @param tokens a file of {@link TokenFile}, one of whose tokens every call must have
 * @param authorization decides instead of tokens
 * @param limits of each client
 * @param reloadEvery how often files are looked at for changes
 */
public record SecurityOptions(
    Optional<TlsFiles> tls,
    Optional<Path> tokens,
    Optional<Authorization> authorization,
    ClientLimits limits,
    Duration reloadEvery) {
  /** Everybody may do everything; files are looked at every ten seconds. */
  public static final SecurityOptions NONE =
      new SecurityOptions(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          ClientLimits.NONE,
          Duration.ofSeconds(10));

  /**
   * @throws IllegalArgumentException if two things decide, or the time is not positive
   */
  public SecurityOptions {
    if (tokens.isPresent() && authorization.isPresent()) {
      throw new IllegalArgumentException("token_file and an authorization cannot both decide");
    }
    if (reloadEvery.isNegative() || reloadEvery.isZero()) {
      throw new IllegalArgumentException("reload_every must be above zero, is " + reloadEvery);
    }
  }

  /** A copy with TLS. */
  public SecurityOptions withTls(TlsFiles files) {
    return new SecurityOptions(Optional.of(files), tokens, authorization, limits, reloadEvery);
  }

  /** A copy that wants tokens. */
  public SecurityOptions withTokens(Path file) {
    return new SecurityOptions(tls, Optional.of(file), authorization, limits, reloadEvery);
  }

  /** A copy that asks a program. */
  public SecurityOptions withAuthorization(Authorization hook) {
    return new SecurityOptions(tls, tokens, Optional.of(hook), limits, reloadEvery);
  }

  /** A copy with limits of each client. */
  public SecurityOptions withLimits(ClientLimits newLimits) {
    return new SecurityOptions(tls, tokens, authorization, newLimits, reloadEvery);
  }

  /** A copy that looks at files so often. */
  public SecurityOptions withReloadEvery(Duration every) {
    return new SecurityOptions(tls, tokens, authorization, limits, every);
  }
}
