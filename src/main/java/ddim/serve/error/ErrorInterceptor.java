package ddim.serve.error;

import io.grpc.BindableService;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Sends what a handler throws as the status that {@link Errors} has for it. Without this a client
 * is told UNKNOWN and nothing more.
 */
public final class ErrorInterceptor implements ServerInterceptor {
  private static final Marshaller<InputStream> AS_IT_IS =
      new Marshaller<>() {
        @Override
        public InputStream stream(InputStream message) {
          return message;
        }

        @Override
        public InputStream parse(InputStream stream) {
          return stream;
        }
      };

  /**
   * The service with all that its handlers throw, and requests that cannot be read, as statuses.
   */
  public static ServerServiceDefinition guard(BindableService service) {
    // Messages are read inside of the interceptor; as usual they would be read before it.
    return ServerInterceptors.intercept(
        ServerInterceptors.useMarshalledMessages(service.bindService(), AS_IT_IS),
        new ErrorInterceptor());
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    ClosedOnce<Q, R> once = new ClosedOnce<>(call);
    try {
      return new Guarded<>(next.startCall(once, headers), once);
    } catch (RuntimeException | Error e) {
      once.fail(e);
      return new ServerCall.Listener<>() {};
    }
  }

  /** A call that may be failed at any time, whether its handler has answered or not. */
  private static final class ClosedOnce<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private final AtomicBoolean closed = new AtomicBoolean();

    ClosedOnce(ServerCall<Q, R> call) {
      super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (closed.compareAndSet(false, true)) {
        super.close(status, trailers);
      }
    }

    void fail(Throwable error) {
      StatusRuntimeException status = Errors.toStatus(error);
      Metadata trailers = status.getTrailers();
      close(status.getStatus(), trailers == null ? new Metadata() : trailers);
    }
  }

  private static final class Guarded<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ClosedOnce<?, ?> call;

    Guarded(ServerCall.Listener<Q> listener, ClosedOnce<?, ?> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      guard(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      guard(super::onHalfClose);
    }

    @Override
    public void onCancel() {
      guard(super::onCancel);
    }

    @Override
    public void onComplete() {
      guard(super::onComplete);
    }

    @Override
    public void onReady() {
      guard(super::onReady);
    }

    private void guard(Runnable event) {
      try {
        event.run();
      } catch (RuntimeException | Error e) {
        call.fail(e);
      }
    }
  }
}
