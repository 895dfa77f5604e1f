package ddim.serve.security;

import ddim.serve.call.CallRecord;
import ddim.serve.security.Authorization.Attempt;
import ddim.serve.security.Authorization.Decision;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks an {@link Authorization} about every call but health checks, which probes make without a
 * token. Without one, clients are called by the subjects of their certificates.
 */
public final class AuthorizationInterceptor implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(AuthorizationInterceptor.class);
  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SCHEME = "Bearer ";
  private static final String HEALTH = "grpc.health.v1.Health";

  private final @Nullable Authorization authorization;

  /**
   * @param authorization null to let everybody in whom TLS lets in
   */
  public AuthorizationInterceptor(@Nullable Authorization authorization) {
    this.authorization = authorization;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (HEALTH.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    CallRecord record = CallRecord.current();
    Status status = admit(record, token(headers), certificate(call));
    headers.discardAll(HEADER);
    if (status.isOk()) {
      return next.startCall(call, headers);
    }
    call.close(status, new Metadata());
    return new ServerCall.Listener<>() {};
  }

  private Status admit(
      CallRecord record, Optional<String> token, Optional<X509Certificate> certificate) {
    if (authorization == null) {
      certificate.ifPresent(own -> record.calledBy(own.getSubjectX500Principal().getName()));
      return Status.OK;
    }
    Attempt attempt = new Attempt(record.method(), token, certificate, record.address());
    Decision decision;
    try {
      decision = authorization.decide(attempt);
    } catch (RuntimeException e) {
      log.error("authorization failed for {}, request {}", attempt, record.id(), e);
      return Status.INTERNAL.withDescription("the server could not decide about this call");
    }
    if (decision instanceof Decision.Denied denied) {
      return Status.PERMISSION_DENIED.withDescription(denied.why());
    }
    if (decision instanceof Decision.Unknown unknown) {
      return Status.UNAUTHENTICATED.withDescription(unknown.why());
    }
    record.calledBy(((Decision.Allowed) decision).client());
    return Status.OK;
  }

  private static Optional<String> token(Metadata headers) {
    String value = headers.get(HEADER);
    boolean bears = value != null && value.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    return bears ? Optional.of(value.substring(SCHEME.length()).strip()) : Optional.empty();
  }

  private static Optional<X509Certificate> certificate(ServerCall<?, ?> call) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    try {
      return session != null && session.getPeerCertificates()[0] instanceof X509Certificate own
          ? Optional.of(own)
          : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty(); // TLS was not told to ask for one
    }
  }
}
