package ddim.serve;

import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Asks again what ended with its connection while the answer was on its way. Before an answer has
 * begun gRPC tries again by itself, see {@link Connections}; afterwards it never does, as it cannot
 * know that another answer would be the same.
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
   * The answer to a call that is a function of what it asks for.
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
        if (!broken || attempt >= attempts) {
          throw e;
        }
      }
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
