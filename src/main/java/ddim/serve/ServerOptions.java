package ddim.serve;

import ddim.serve.admin.AdminOptions;
import ddim.serve.security.SecurityOptions;
import io.opentelemetry.api.OpenTelemetry;

/**
 * How the server listens.
 *
 * @param host the address to listen on
 * @param port the port to listen on; 0 for a free one
 * @param handlerThreads how many threads read requests and encode images; the models have their own
 * @param maxMessageBytes the most bytes of one message, in either direction
 * @param connections how connections are kept
 * @param security who may connect and call
 * @param admin where operators read
 * @param accessLog whether each call is logged, see {@link ddim.serve.call.AccessLog}
 * @param reflection whether this port describes its services to who asks
 * @param telemetry where spans of calls go; closed with the server, if it can be
 */
public record ServerOptions(
    String host,
    int port,
    int handlerThreads,
    int maxMessageBytes,
    ConnectionOptions connections,
    SecurityOptions security,
    AdminOptions admin,
    boolean accessLog,
    boolean reflection,
    OpenTelemetry telemetry) {
  private static final int LEAST_MESSAGE_BYTES = 1 << 20;

  /**
   * @throws IllegalArgumentException if a number is out of range
   */
  public ServerOptions {
    require(!host.isBlank(), "host must not be empty");
    require(port >= 0 && port <= 65535, "port must be from 0 to 65535, is " + port);
    require(handlerThreads >= 1, "handler_threads must be at least 1, is " + handlerThreads);
    require(
        maxMessageBytes >= LEAST_MESSAGE_BYTES,
        "max_message_bytes must be at least " + LEAST_MESSAGE_BYTES + ", is " + maxMessageBytes);
  }

  /** All addresses, port 8500, messages of at most 64 MiB, open to everybody, nothing to read. */
  public static ServerOptions defaults() {
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    return new ServerOptions(
        "0.0.0.0",
        8500,
        threads,
        64 << 20,
        ConnectionOptions.DEFAULTS,
        SecurityOptions.NONE,
        AdminOptions.NONE,
        false,
        true,
        OpenTelemetry.noop());
  }

  /** A copy that listens elsewhere. */
  public ServerOptions withAddress(String newHost, int newPort) {
    return new ServerOptions(
        newHost,
        newPort,
        handlerThreads,
        maxMessageBytes,
        connections,
        security,
        admin,
        accessLog,
        reflection,
        telemetry);
  }

  /** A copy with other threads for requests. */
  public ServerOptions withHandlerThreads(int threads) {
    return new ServerOptions(
        host,
        port,
        threads,
        maxMessageBytes,
        connections,
        security,
        admin,
        accessLog,
        reflection,
        telemetry);
  }

  /** A copy with another size of messages. */
  public ServerOptions withMaxMessageBytes(int bytes) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        bytes,
        connections,
        security,
        admin,
        accessLog,
        reflection,
        telemetry);
  }

  /** A copy that keeps connections otherwise. */
  public ServerOptions with(ConnectionOptions newConnections) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        maxMessageBytes,
        newConnections,
        security,
        admin,
        accessLog,
        reflection,
        telemetry);
  }

  /** A copy that lets others in. */
  public ServerOptions with(SecurityOptions newSecurity) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        maxMessageBytes,
        connections,
        newSecurity,
        admin,
        accessLog,
        reflection,
        telemetry);
  }

  /** A copy that can be read elsewhere. */
  public ServerOptions with(AdminOptions newAdmin) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        maxMessageBytes,
        connections,
        security,
        newAdmin,
        accessLog,
        reflection,
        telemetry);
  }

  /** A copy that logs calls or does not. */
  public ServerOptions withAccessLog(boolean logged) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        maxMessageBytes,
        connections,
        security,
        admin,
        logged,
        reflection,
        telemetry);
  }

  /** A copy whose port describes its services or does not. */
  public ServerOptions withReflection(boolean described) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        maxMessageBytes,
        connections,
        security,
        admin,
        accessLog,
        described,
        telemetry);
  }

  /** A copy that sends spans of calls. */
  public ServerOptions withTelemetry(OpenTelemetry spans) {
    return new ServerOptions(
        host,
        port,
        handlerThreads,
        maxMessageBytes,
        connections,
        security,
        admin,
        accessLog,
        reflection,
        spans);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
