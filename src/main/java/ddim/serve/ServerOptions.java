package ddim.serve;

/**
 * How the server listens.
 *
 * @param host the address to listen on
 * @param port the port to listen on; 0 for a free one
 * @param handlerThreads how many threads read requests and encode images; the models have their own
 * @param maxMessageBytes the most bytes of one message, in either direction
 * @param maxCallsPerConnection how many calls one client may have open at once
 */
public record ServerOptions(
    String host, int port, int handlerThreads, int maxMessageBytes, int maxCallsPerConnection) {
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
    require(
        maxCallsPerConnection >= 1,
        "max_calls_per_connection must be at least 1, is " + maxCallsPerConnection);
  }

  /** All addresses, port 8500, messages of at most 64 MiB. */
  public static ServerOptions defaults() {
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    return new ServerOptions("0.0.0.0", 8500, threads, 64 << 20, 1000);
  }

  /** A copy that listens elsewhere. */
  public ServerOptions withAddress(String newHost, int newPort) {
    return new ServerOptions(
        newHost, newPort, handlerThreads, maxMessageBytes, maxCallsPerConnection);
  }

  /** A copy with another size of messages. */
  public ServerOptions withMaxMessageBytes(int bytes) {
    return new ServerOptions(host, port, handlerThreads, bytes, maxCallsPerConnection);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
