package ddim.cli.images;

import ddim.serve.RemoteFailureException;
import ddim.serve.SamplingClient;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Images of a server. */
public final class RemoteImages implements ImageMaker {
  private final SamplingClient client;
  private final String model;
  private final OptionalLong version;

  private RemoteImages(SamplingClient client, String model, OptionalLong version) {
    this.client = client;
    this.model = model;
    this.version = version;
  }

  /**
   * A client of a server; connects with the first call.
   *
   * @param target HOST:PORT
   * @param model the name of the model
   * @param version which; the newest that is ready if empty
   */
  public static RemoteImages open(String target, String model, OptionalLong version) {
    return new RemoteImages(SamplingClient.connect(target), model, version);
  }

  @Override
  public Images make(long[] seeds, int steps, double eta) {
    SamplingClient.Pictures<float[]> made = ask(seeds, steps, eta);
    return new Images(
        made.pictures().stream().map(SamplingClient.Picture::pixels).toList(),
        made.height(),
        made.width(),
        made.channels(),
        made.model(),
        made.version());
  }

  private SamplingClient.Pictures<float[]> ask(long[] seeds, int steps, double eta) {
    try {
      return client.sample(
          new SamplingClient.Query(
              model,
              version,
              Arrays.stream(seeds).boxed().toList(),
              OptionalInt.of(steps),
              OptionalDouble.of(eta)));
    } catch (RemoteFailureException e) {
      if (isInvalid(e)) {
        throw new WrongCallException(e);
      }
      throw e;
    }
  }

  /** A model that is not there is no wrong call: it may come, as a missing file may. */
  private static boolean isInvalid(RemoteFailureException e) {
    return e.getCause() instanceof StatusRuntimeException status
        && status.getStatus().getCode() == Status.Code.INVALID_ARGUMENT;
  }

  @Override
  public void close() {
    client.close();
  }
}
