package ddim.serve.error;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ddim.v1.ListModelsRequest;
import ddim.v1.ListModelsResponse;
import ddim.v1.SamplingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorInterceptorTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatAHandlerThrowsIsInternalWithAnIdBeItAnExceptionOrAnError(boolean error)
      throws Exception {
    Supplier<ListModelsResponse> handler =
        () -> {
          if (error) {
            throw new StackOverflowError("secret");
          }
          throw new IllegalStateException("secret");
        };
    String name = InProcessServerBuilder.generateName();
    Server server =
        InProcessServerBuilder.forName(name)
            .addService(ErrorInterceptor.guard(new Service(handler)))
            .build()
            .start();
    ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
    try {
      SamplingServiceGrpc.SamplingServiceBlockingStub stub =
          SamplingServiceGrpc.newBlockingStub(channel);

      Status status =
          catchThrowableOfType(
                  StatusRuntimeException.class,
                  () -> stub.listModels(ListModelsRequest.getDefaultInstance()))
              .getStatus();

      assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription()).startsWith("internal error ").doesNotContain("secret");
    } finally {
      channel.shutdownNow();
      server.shutdownNow().awaitTermination();
    }
  }

  private static final class Service extends SamplingServiceGrpc.SamplingServiceImplBase {
    private final Supplier<ListModelsResponse> handler;

    Service(Supplier<ListModelsResponse> handler) {
      this.handler = handler;
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
      observer.onNext(handler.get());
      observer.onCompleted();
    }
  }
}
