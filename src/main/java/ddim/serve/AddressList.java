package ddim.serve;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Targets of several servers: {@code HOST:PORT,HOST:PORT}, as {@code list:///HOST:PORT,...}. */
final class AddressList extends NameResolverProvider {
  private static final String SCHEME = "list";
  private static final int PRIORITY = 5;

  /** The target as gRPC has it. */
  static String target(String target) {
    return target.contains(",") ? SCHEME + ":///" + target : target;
  }

  @Override
  public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
    if (!SCHEME.equals(target.getScheme())) {
      return null;
    }
    String[] servers = target.getPath().substring(1).split(",", -1);
    for (String server : servers) {
      if (!server.matches("[^:]+:\\d{1,5}|\\[[^]]+]:\\d{1,5}")) {
        throw new IllegalArgumentException("a server must be HOST:PORT, is '" + server + "'");
      }
    }
    return new Resolver(List.of(servers), args);
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return Set.of(InetSocketAddress.class);
  }

  @Override
  public String getDefaultScheme() {
    return SCHEME;
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return PRIORITY;
  }

  /** Looks the hosts up again whenever a connection is lost. */
  private static final class Resolver extends NameResolver {
    private final List<String> servers;
    private final Args args;
    private @Nullable Listener2 listener;

    Resolver(List<String> servers, Args args) {
      this.servers = servers;
      this.args = args;
    }

    @Override
    public String getServiceAuthority() {
      return servers.get(0); // each server has its own, below
    }

    @Override
    public void start(Listener2 newListener) {
      listener = newListener;
      refresh();
    }

    @Override
    public void refresh() {
      Listener2 told = listener;
      if (told == null) {
        return;
      }
      var unused =
          CompletableFuture.runAsync(
              () -> {
                StatusOr<List<EquivalentAddressGroup>> found = look();
                args.getSynchronizationContext()
                    .execute(
                        () ->
                            told.onResult2(
                                ResolutionResult.newBuilder().setAddressesOrError(found).build()));
              });
    }

    private StatusOr<List<EquivalentAddressGroup>> look() {
      List<EquivalentAddressGroup> found = new ArrayList<>();
      for (String server : servers) {
        int colon = server.lastIndexOf(':');
        String host = server.substring(0, colon).replaceAll("[\\[\\]]", "");
        var address = new InetSocketAddress(host, Integer.parseInt(server.substring(colon + 1)));
        if (!address.isUnresolved()) {
          found.add(
              new EquivalentAddressGroup(
                  address,
                  Attributes.newBuilder()
                      .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, server)
                      .build()));
        }
      }
      return found.isEmpty()
          ? StatusOr.fromStatus(
              Status.UNAVAILABLE.withDescription("none of " + servers + " is a known host"))
          : StatusOr.fromValue(found);
    }

    @Override
    public void shutdown() {
      listener = null;
    }
  }
}
