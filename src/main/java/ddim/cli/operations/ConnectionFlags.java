package ddim.cli.operations;

import ddim.cli.images.WrongCallException;
import ddim.serve.ClientOptions;
import ddim.serve.ClientOptions.Identity;
import ddim.serve.ClientOptions.Tls;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how a server elsewhere is asked. */
final class ConnectionFlags {
  @Option(
      names = "--tls",
      description = "Connect with TLS, trusting the roots of this machine or of --tls-ca.")
  private boolean tls;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = "The roots that the server's certificate must lead to, in PEM.")
  private @Nullable Path roots;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "The client's own certificate, in PEM.")
  private @Nullable Path certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, in PEM.")
  private @Nullable Path key;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "A file with the token that the server wants.")
  private @Nullable Path token;

  @Option(
      names = "--attempts",
      defaultValue = "5",
      paramLabel = "N",
      description =
          "How often a call is tried while servers are unavailable (default: ${DEFAULT-VALUE}).")
  private int attempts;

  ClientOptions options(String target) {
    if ((certificate == null) != (key == null)) {
      throw new WrongCallException("--tls-cert and --tls-key go together");
    }
    Optional<Identity> own =
        certificate == null || key == null
            ? Optional.empty()
            : Optional.of(new Identity(certificate, key));
    boolean secret = tls || roots != null || own.isPresent();
    try {
      return new ClientOptions(
          target,
          secret ? Optional.of(new Tls(Optional.ofNullable(roots), own)) : Optional.empty(),
          Optional.ofNullable(token),
          attempts);
    } catch (IllegalArgumentException e) {
      throw new WrongCallException(String.valueOf(e.getMessage()));
    }
  }
}
