package ddim.serve.security;

import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * TLS of a server: new connections use the certificates that the files have now, connections that
 * are open keep theirs.
 */
public final class ServerTls implements AutoCloseable {
  private final ServerCredentials credentials;
  private final WatchedFiles files;

  private ServerTls(ServerCredentials credentials, WatchedFiles files) {
    this.credentials = credentials;
    this.files = files;
  }

  /**
   * Reads the files, and looks for changes from now on.
   *
   * @throws IOException if one cannot be read, or is not what it should be, naming it
   */
  public static ServerTls open(TlsFiles files, Duration reloadEvery) throws IOException {
    AdvancedTlsX509KeyManager identity = new AdvancedTlsX509KeyManager();
    List<Path> paths = new ArrayList<>(List.of(files.certificates(), files.key()));
    files.clientRoots().ifPresent(paths::add);
    try {
      TlsServerCredentials.Builder credentials =
          TlsServerCredentials.newBuilder().keyManager(identity);
      // A client has no host name that its certificate could have.
      AdvancedTlsX509TrustManager clients =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
              .build();
      if (files.clientRoots().isPresent()) {
        credentials.trustManager(clients).clientAuth(ClientAuth.REQUIRE);
      }
      WatchedFiles watched =
          WatchedFiles.watch(paths, reloadEvery, () -> read(files, identity, clients));
      return new ServerTls(credentials.build(), watched);
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS: " + e.getMessage(), e);
    }
  }

  private static void read(
      TlsFiles files, AdvancedTlsX509KeyManager identity, AdvancedTlsX509TrustManager clients)
      throws IOException, GeneralSecurityException {
    X509Certificate[] certificates = Pem.certificates(files.certificates());
    var key = Pem.key(files.key(), certificates[0]);
    if (files.clientRoots().isPresent()) {
      clients.updateTrustCredentials(Pem.certificates(files.clientRoots().get()));
    }
    identity.updateIdentityCredentials(certificates, key);
  }

  /** What the server listens with. */
  public ServerCredentials credentials() {
    return credentials;
  }

  @Override
  public void close() {
    files.close();
  }
}
