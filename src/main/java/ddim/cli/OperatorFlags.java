package ddim.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code ddim serve} that stand for keys of its configuration. */
final class OperatorFlags {
  @Option(
      names = "--set",
      paramLabel = "SECTION.KEY=VALUE",
      description = "Any key of the configuration; --keys lists them.")
  private Map<String, String> keys = new LinkedHashMap<>();

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description = "repository.root: the model repository, DIR/NAME/VERSION/.")
  private @Nullable String models;

  @Option(
      names = "--host",
      paramLabel = "H",
      description = "server.host: the address to listen on (default: 0.0.0.0, all of them).")
  private @Nullable String host;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "server.port: the port to listen on; 0 for a free one (default: 8500).")
  private @Nullable String port;

  @Option(
      names = "--admin-host",
      paramLabel = "H",
      description = "server.admin_host: the address of the admin ports (default: 127.0.0.1).")
  private @Nullable String adminHost;

  @Option(
      names = "--admin-port",
      paramLabel = "N",
      description =
          "server.admin_port: the port of /metrics, /healthz and /readyz; 0 for a free one"
              + " (default: none).")
  private @Nullable String adminPort;

  @Option(
      names = "--admin-grpc-port",
      paramLabel = "N",
      description =
          "server.admin_grpc_port: the port of channelz; 0 for a free one (default: none).")
  private @Nullable String adminGrpcPort;

  @Option(
      names = "--access-log",
      description =
          "server.access_log: log every call as a line of JSON, by the logger ddim.access.")
  private boolean accessLog;

  @Option(
      names = "--tracing",
      description =
          "server.tracing: send spans of calls by OpenTelemetry, as the variables OTEL_... say.")
  private boolean tracing;

  @Option(
      names = "--no-reflection",
      description = "server.reflection: do not describe the services to clients that ask.")
  private boolean noReflection;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "security.tls_cert: the server's certificate, in PEM; read again when it changes.")
  private @Nullable String certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "security.tls_key: its key, in PEM: PKCS #8, RSA or EC.")
  private @Nullable String key;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      description =
          "security.tls_client_ca: the roots of clients' certificates; with them every client must"
              + " have one.")
  private @Nullable String clientRoots;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "security.token_file: lines of NAME TOKEN; every call must have one of the tokens.")
  private @Nullable String tokens;

  @Option(
      names = "--client-max-calls",
      paramLabel = "N",
      description =
          "security.client_max_calls: how many calls a client may have open; 0 for any number (the"
              + " default).")
  private @Nullable String clientCalls;

  @Option(
      names = "--client-images-per-second",
      paramLabel = "X",
      description =
          "security.client_images_per_second: how many images a client may ask for; 0 for any"
              + " number (the default).")
  private @Nullable String clientImages;

  @Option(
      names = "--max-connection-age",
      paramLabel = "SECONDS",
      description =
          "server.max_connection_age_seconds: after how long clients must connect anew; 0 for never"
              + " (the default).")
  private @Nullable String connectionAge;

  /** The values that are given, by the key that they stand for. */
  Map<String, String> byKey() {
    Map<String, String> given = new LinkedHashMap<>(keys);
    put(given, "repository.root", quoted(models));
    put(given, "server.host", quoted(host));
    put(given, "server.port", port);
    put(given, "server.admin_host", quoted(adminHost));
    put(given, "server.admin_port", adminPort);
    put(given, "server.admin_grpc_port", adminGrpcPort);
    put(given, "server.access_log", accessLog ? "true" : null);
    put(given, "server.tracing", tracing ? "true" : null);
    put(given, "server.reflection", noReflection ? "false" : null);
    put(given, "security.tls_cert", quoted(certificate));
    put(given, "security.tls_key", quoted(key));
    put(given, "security.tls_client_ca", quoted(clientRoots));
    put(given, "security.token_file", quoted(tokens));
    put(given, "security.client_max_calls", clientCalls);
    put(given, "security.client_images_per_second", clientImages);
    put(given, "server.max_connection_age_seconds", connectionAge);
    return given;
  }

  private static void put(Map<String, String> given, String name, @Nullable String value) {
    if (value != null) {
      given.put(name, value);
    }
  }

  /** Text as YAML that is text whatever is in it. */
  private static @Nullable String quoted(@Nullable String text) {
    return text == null ? null : "'" + text.replace("'", "''") + "'";
  }
}
