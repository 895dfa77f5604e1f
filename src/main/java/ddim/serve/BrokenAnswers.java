package ddim.serve;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Asks again what ended with its connection while the answer was on its way, or was given up by a
 * server that says when to come again. Before an answer has begun gRPC tries again by itself, see
 * {@link Connections}; afterwards it never does, as it cannot know that another answer would be the
 * same.
 */
final class BrokenAnswers {
  /** What a call ends with whose connection does; UNKNOWN if its headers were being written. */
  static final Set<Code> LOST = Set.of(Code.UNAVAILABLE, Code.UNKNOWN);

  private final int attempts;

  /**
   * @param attempts how often a call is asked in all
   */
  BrokenAnswers(int attempts) {
    this.attempts = attempts;
  }

  /**
   * The answer to a call that is a function of what it asks for; waits before it asks again as long
   * as the server says, unless the call would be late then, or that is a day.
   *
   * @throws StatusRuntimeException if there is none
   */
  <R> R ask(SamplingServiceBlockingStub stub, Function<SamplingServiceBlockingStub, R> call) {
    for (int attempt = 1; ; attempt++) {
      AnswerBegins answer = new AnswerBegins();
      try {
        return call.apply(stub.withInterceptors(answer));
      } catch (StatusRuntimeException e) {
        boolean broken = answer.begun.get() && LOST.contains(e.getStatus().getCode());
        if (!broken || attempt >= attempts || !wait(retryAfter(e), stub.getCallOptions())) {
          throw e;
        }
      }
    }
  }

  /** What the server says; zero if it does not. */
  private static Duration retryAfter(StatusRuntimeException error) {
    Status status = StatusProto.fromThrowable(error);
    for (Any detail : status == null ? List.<Any>of() : status.getDetailsList()) {
      if (detail.is(RetryInfo.class)) {
        try {
          var delay = detail.unpack(RetryInfo.class).getRetryDelay();
          return Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        } catch (InvalidProtocolBufferException e) {
          return Duration.ZERO; // as if it were not there
        }
      }
    }
    return Duration.ZERO;
  }

  /** False, at once, if there is no time for that; or if this thread is interrupted. */
  private static boolean wait(Duration duration, CallOptions options) {
    Deadline deadline = options.getDeadline();
    Duration left =
        deadline == null
            ? Duration.ofDays(1)
            : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS));
    if (duration.compareTo(left) >= 0) {
      return false;
    }
    try {
      TimeUnit.NANOSECONDS.sleep(duration.toNanos());
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Sees whether anything of an answer has come. */
  private static final class AnswerBegins implements ClientInterceptor {
    final AtomicBoolean begun = new AtomicBoolean();

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(
        MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<R> listener, Metadata headers) {
          super.start(
              new SimpleForwardingClientCallListener<>(listener) {
                @Override
                public void onHeaders(Metadata answer) {
                  begun.set(true);
                  super.onHeaders(answer);
                }
              },
              headers);
        }
      };
    }
  }
}
