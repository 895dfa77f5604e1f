package ddim.serve.call;

import ddim.serve.error.Errors;
import ddim.serve.error.QuotaException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Holds every client to its {@link ClientLimits}. Inside of {@link CallInterceptor}, whose observer
 * it is: a call is given back when it ends, however it ends. Health checks are free.
 */
public final class QuotaInterceptor implements ServerInterceptor, CallObserver {
  private static final String HEALTH = "grpc.health.v1.Health";

  private final ClientAccounts accounts;
  private final Set<CallRecord> open = ConcurrentHashMap.newKeySet();

  public QuotaInterceptor(ClientLimits limits) {
    accounts = new ClientAccounts(limits, System::nanoTime);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (HEALTH.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    CallRecord record = CallRecord.current();
    String client = record.client();
    try {
      accounts.open(client);
    } catch (QuotaException e) {
      StatusRuntimeException status = Errors.toStatus(e);
      call.close(
          status.getStatus(), Objects.requireNonNullElseGet(status.getTrailers(), Metadata::new));
      return new ServerCall.Listener<>() {};
    }
    open.add(record);
    record.limit(accounts.quota(client));
    return next.startCall(call, headers);
  }

  @Override
  public void ended(CallRecord call, Status status, Duration duration) {
    if (open.remove(call)) {
      accounts.close(call.client());
    }
  }
}
