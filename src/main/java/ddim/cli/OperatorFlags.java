package ddim.cli;

import ddim.cli.images.WrongCallException;
import ddim.serve.ServerOptions;
import ddim.serve.admin.AdminOptions;
import ddim.serve.call.ClientLimits;
import ddim.serve.security.SecurityOptions;
import ddim.serve.security.TlsFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code ddim serve} that say who is let in, and what operators see. */
final class OperatorFlags {
  @Option(
      names = "--admin-host",
      defaultValue = "127.0.0.1",
      paramLabel = "H",
      description = "The address of the admin ports (default: ${DEFAULT-VALUE}).")
  private String adminHost;

  @Option(
      names = "--admin-port",
      paramLabel = "N",
      description = "The port of /metrics, /healthz and /readyz; 0 for a free one (default: none).")
  private @Nullable Integer adminPort;

  @Option(
      names = "--admin-grpc-port",
      paramLabel = "N",
      description = "The port of channelz; 0 for a free one (default: none).")
  private @Nullable Integer adminGrpcPort;

  @Option(
      names = "--access-log",
      description = "Log every call as a line of JSON, by the logger ddim.access.")
  private boolean accessLog;

  @Option(
      names = "--no-reflection",
      description = "Do not describe the services to clients that ask.")
  private boolean noReflection;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "The server's certificate, in PEM; read again when it changes.")
  private @Nullable Path certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "Its key, in PEM: PKCS #8, RSA or EC.")
  private @Nullable Path key;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description = "The roots of clients' certificates; with them every client must have one.")
  private @Nullable Path clientRoots;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "Lines of NAME TOKEN; every call must have one of the tokens.")
  private @Nullable Path tokens;

  @Option(
      names = "--client-max-calls",
      defaultValue = "0",
      paramLabel = "N",
      description = "How many calls a client may have open; 0 for any number (the default).")
  private int clientCalls;

  @Option(
      names = "--client-images-per-second",
      defaultValue = "0",
      paramLabel = "X",
      description = "How many images a client may ask for; 0 for any number (the default).")
  private double clientImages;

  @Option(
      names = "--max-connection-age",
      defaultValue = "0",
      paramLabel = "SECONDS",
      description = "After how long clients must connect anew; 0 for never (the default).")
  private long connectionAge;

  /**
   * @throws WrongCallException if a value is out of range or its other half is missing
   */
  ServerOptions on(ServerOptions options) {
    try {
      return options
          .with(new AdminOptions(adminHost, optional(adminPort), optional(adminGrpcPort)))
          .with(security())
          .with(options.connections().withMaxAge(Duration.ofSeconds(connectionAge)))
          .withAccessLog(accessLog)
          .withReflection(!noReflection);
    } catch (IllegalArgumentException e) {
      throw new WrongCallException(String.valueOf(e.getMessage()));
    }
  }

  private SecurityOptions security() {
    if ((certificate == null) != (key == null)) {
      throw new WrongCallException("--tls-cert and --tls-key go together");
    }
    if (clientRoots != null && certificate == null) {
      throw new WrongCallException("--tls-client-ca goes with --tls-cert and --tls-key");
    }
    SecurityOptions security =
        SecurityOptions.NONE.withLimits(new ClientLimits(clientCalls, clientImages));
    if (tokens != null) {
      security = security.withTokens(tokens);
    }
    return certificate == null || key == null
        ? security
        : security.withTls(new TlsFiles(certificate, key, Optional.ofNullable(clientRoots)));
  }

  private static OptionalInt optional(@Nullable Integer port) {
    return port == null ? OptionalInt.empty() : OptionalInt.of(port);
  }
}
