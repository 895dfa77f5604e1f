package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import ddim.serve.GoodMessages.Good;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that nobody should send, of all protocols over a real socket: the server finds none of
 * them its own fault, and answers the next good one. {@code scripts/fuzz N} sends more of them.
 */
class FuzzTest {
  private static final int REQUESTS = Integer.getInteger("ddim.fuzz.requests", 3000);
  private static final long SEED = Long.getLong("ddim.fuzz.seed", 1);
  private static final int AT_ONCE = 32;
  private static final int MINUTES = 5;

  private static final Logger TRANSPORT = Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty");

  /** What would be our fault; an answer that never comes is one too. */
  private static final Set<Code> FAULTS =
      Set.of(Code.INTERNAL, Code.UNKNOWN, Code.DATA_LOSS, Code.DEADLINE_EXCEEDED);

  static final Marshaller<byte[]> BYTES =
      new Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  @Test
  void nothingThatIsSentBreaksTheServer(@TempDir Path root) throws Exception {
    TRANSPORT.setLevel(Level.WARNING); // it has a stack trace for each connection that is noise
    try (ServerFixture fixture = ServerFixture.withLabels(root)) {
      List<Good> goods = GoodMessages.withLabels();
      for (Good good : goods) {
        assertThat(send(fixture, good.method(), good.request().toByteArray()).get().getCode())
            .as(good.method().getFullMethodName())
            .isIn(
                Code.OK,
                Code.NOT_FOUND,
                Code.UNIMPLEMENTED,
                Code.INVALID_ARGUMENT,
                Code.FAILED_PRECONDITION,
                Code.UNAVAILABLE);
      }
      List<Good> reload = goods.stream().filter(FuzzTest::isReload).toList();
      Map<Code, Integer> codes = new TreeMap<>();
      Random random = new Random(SEED);
      fuzz(
          fixture,
          goods.stream().filter(good -> !isReload(good)).toList(),
          REQUESTS,
          random,
          codes);
      assertThat(codes.keySet()).contains(Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND);
      requireGood(fixture, goods);

      // Some of these are right, and take all models away.
      fuzz(fixture, reload, REQUESTS / 30, random, codes);
      assertThat(send(fixture, reload.get(0).method(), GoodMessages.everyModel()).get().isOk())
          .isTrue();
      requireGood(fixture, goods);

      System.out.printf("%d hostile requests (seed %d): %s%n", REQUESTS, SEED, codes);
      assertThat(codes.keySet()).doesNotContainAnyElementsOf(FAULTS);
    }
  }

  private static boolean isReload(Good good) {
    return "HandleReloadConfigRequest".equals(good.method().getBareMethodName());
  }

  private static void requireGood(ServerFixture fixture, List<Good> goods) throws Exception {
    Message sample = goods.get(0).request();
    assertThat(send(fixture, goods.get(0).method(), sample.toByteArray()).get().isOk()).isTrue();
    try (SamplingClient client = fixture.client()) {
      assertThat(client.models()).hasSize(4);
    }
  }

  private static void fuzz(
      ServerFixture fixture,
      List<Good> goods,
      int requests,
      Random random,
      Map<Code, Integer> codes)
      throws InterruptedException {
    HostileMessages hostile = new HostileMessages(random);
    Semaphore room = new Semaphore(AT_ONCE);
    for (int i = 0; i < requests; i++) {
      if (i % 100 == 99) {
        sendNoise(fixture.server.port(), hostile.noise(200));
      }
      Good good = goods.get(random.nextInt(goods.size()));
      byte[] message = hostile.like(good.request());
      room.acquire();
      var unused =
          send(fixture, good.method(), message)
              .thenAccept(
                  status -> {
                    synchronized (codes) {
                      codes.merge(status.getCode(), 1, Integer::sum);
                    }
                    if (FAULTS.contains(status.getCode())) {
                      System.out.println(good.method().getFullMethodName() + ": " + status);
                    }
                    room.release();
                  });
    }
    room.acquire(AT_ONCE);
  }

  /** Not even gRPC. */
  private static void sendNoise(int port, byte[] noise) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.getOutputStream().write(noise);
    } catch (IOException e) {
      // closed by the server, as it should
    }
  }

  private static CompletableFuture<Status> send(
      ServerFixture fixture, MethodDescriptor<?, ?> method, byte[] message) {
    MethodDescriptor<byte[], byte[]> raw = method.toBuilder(BYTES, BYTES).build();
    ClientCall<byte[], byte[]> call =
        fixture.channel.newCall(
            raw, CallOptions.DEFAULT.withDeadlineAfter(MINUTES, TimeUnit.MINUTES));
    CompletableFuture<Status> end = new CompletableFuture<>();
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(byte[] reply) {
            call.request(1);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(1);
    for (int i = raw.getType() == MethodType.BIDI_STREAMING ? 2 : 1; i > 0; i--) {
      call.sendMessage(message);
    }
    call.halfClose();
    return end;
  }
}
