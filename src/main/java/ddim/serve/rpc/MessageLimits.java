package ddim.serve.rpc;

import ddim.model.ModelSpec;
import ddim.serve.batch.BatcherOptions;

/**
 * How much fits into one message, and so how many images into one request.
 *
 * @param maxMessageBytes the most bytes of one message, in either direction
 * @param maxEnqueuedImages the most images that the queue holds
 */
public record MessageLimits(int maxMessageBytes, int maxEnqueuedImages) {
  /** More than an {@code Image} needs around its pixels, and than PNG adds to noise. */
  private static final int BYTES_AROUND_AN_IMAGE = 256;

  private static final int BYTES_AROUND_THE_IMAGES = 64 * 1024;

  public static MessageLimits of(int maxMessageBytes, BatcherOptions batching) {
    return new MessageLimits(maxMessageBytes, batching.maxEnqueuedImages());
  }

  /** The most images of one request: what fits as float32, in the reply and in the queue. */
  public int maxImages(ModelSpec model) {
    return maxRows((long) Float.BYTES * model.unet().imageSize());
  }

  /** The most rows of one request of which each takes so many bytes in the reply. */
  public int maxRows(long bytesPerRow) {
    long image = bytesPerRow + BYTES_AROUND_AN_IMAGE;
    long fitting = (maxMessageBytes - BYTES_AROUND_THE_IMAGES) / image;
    return (int) Math.min(maxEnqueuedImages, fitting);
  }
}
