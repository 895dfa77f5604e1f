package ddim.serve.admin;

import java.util.OptionalInt;

/**
 * Where operators read. There is no TLS and no token: who can reach these ports can read.
 *
 * @param host the address to listen on
 * @param httpPort of {@code /metrics}, {@code /healthz} and {@code /readyz}; 0 for a free one,
 *     empty for none
 * @param grpcPort of channelz, reflection and health; 0 for a free one, empty for none
 */
public record AdminOptions(String host, OptionalInt httpPort, OptionalInt grpcPort) {
  private static final int MAX_PORT = 65_535;

  /** No ports; the address is that of this machine alone. */
  public static final AdminOptions NONE =
      new AdminOptions("127.0.0.1", OptionalInt.empty(), OptionalInt.empty());

  /**
   * @throws IllegalArgumentException if a value is out of range, naming it
   */
  public AdminOptions {
    if (host.isBlank()) {
      throw new IllegalArgumentException("admin_host must not be empty");
    }
    requirePort("admin_port", httpPort);
    requirePort("admin_grpc_port", grpcPort);
  }

  /** A copy that serves HTTP. */
  public AdminOptions withHttpPort(int port) {
    return new AdminOptions(host, OptionalInt.of(port), grpcPort);
  }

  /** A copy that serves gRPC. */
  public AdminOptions withGrpcPort(int port) {
    return new AdminOptions(host, httpPort, OptionalInt.of(port));
  }

  private static void requirePort(String name, OptionalInt port) {
    if (port.isPresent() && (port.getAsInt() < 0 || port.getAsInt() > MAX_PORT)) {
      throw new IllegalArgumentException(
          name + " must be from 0 to " + MAX_PORT + ", is " + port.getAsInt());
    }
  }
}
