package ddim.serve.call;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * Opens the {@link CallRecord} of each call, tells observers of its begin and its end, and gives
 * its id to the client. The outermost interceptor: others are part of the call.
 */
public final class CallInterceptor implements ServerInterceptor {
  private final List<CallObserver> observers;

  public CallInterceptor(List<? extends CallObserver> observers) {
    this.observers = List.copyOf(observers);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    CallRecord record =
        new CallRecord(
            RequestId.of(headers),
            call.getMethodDescriptor().getFullMethodName(),
            address(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)),
            System.nanoTime(),
            observers);
    observers.forEach(observer -> observer.started(record, headers));
    Context context = Context.current().withValue(CallRecord.KEY, record);
    ServerCall<Q, R> told =
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            RequestId.tell(record.id(), status, trailers);
            end(record, status);
            super.close(status, trailers);
          }
        };
    try {
      return new Watched<>(Contexts.interceptCall(context, told, headers, next), record);
    } catch (RuntimeException e) {
      end(record, Status.UNKNOWN);
      throw e;
    }
  }

  private void end(CallRecord record, Status status) {
    if (record.end()) {
      Duration duration = Duration.ofNanos(System.nanoTime() - record.begin());
      observers.forEach(observer -> observer.ended(record, status, duration));
    }
  }

  private static String address(SocketAddress peer) {
    return peer instanceof InetSocketAddress inet && inet.getAddress() != null
        ? inet.getAddress().getHostAddress()
        : String.valueOf(peer);
  }

  private final class Watched<Q> extends SimpleForwardingServerCallListener<Q> {
    private final CallRecord record;

    Watched(ServerCall.Listener<Q> listener, CallRecord record) {
      super(listener);
      this.record = record;
    }

    @Override
    public void onCancel() {
      Deadline deadline = Context.current().getDeadline();
      boolean late = deadline != null && deadline.isExpired();
      end(record, late ? Status.DEADLINE_EXCEEDED : Status.CANCELLED);
      super.onCancel();
    }
  }
}
