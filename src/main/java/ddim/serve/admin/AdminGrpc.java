package ddim.serve.admin;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;

/** Over gRPC: channelz, which shows connections and calls; health; reflection. */
public final class AdminGrpc implements AutoCloseable {
  private static final int PAGE = 100;

  private final Server server;

  private AdminGrpc(Server server) {
    this.server = server;
  }

  /**
   * Listens.
   *
   * @param health the service of the main port
   * @throws IOException if it cannot listen there, naming the address
   */
  public static AdminGrpc start(String host, int port, BindableService health) throws IOException {
    return new AdminGrpc(
        NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
            .addService(ChannelzService.newInstance(PAGE))
            .addService(health)
            .addService(ProtoReflectionServiceV1.newInstance())
            .build()
            .start());
  }

  /** The port that it listens on. */
  public int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
