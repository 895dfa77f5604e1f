package ddim.serve.rpc;

import com.google.protobuf.ByteString;
import ddim.diffusion.Sampler;
import ddim.model.Condition;
import ddim.nn.UNetConfig;
import ddim.serve.repository.Lease;
import ddim.v1.Encoding;
import ddim.v1.Image;
import ddim.v1.ImageShape;
import ddim.v1.ModelRef;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What made the images of a reply, and how they are written.
 *
 * @param lease the model
 * @param sampler how the steps are taken
 * @param steps the number of network calls of each image
 * @param encoding PNG or RAW_FLOAT32
 */
record Recipe(Lease lease, Sampler sampler, int steps, Encoding encoding) {
  Image image(float[] pixels, long seed) {
    return image(pixels, seed, steps, Condition.NONE);
  }

  /** One image for each of {@code seeds}. */
  List<Image> images(List<float[]> pixels, long[] seeds) {
    return IntStream.range(0, seeds.length).mapToObj(i -> image(pixels.get(i), seeds[i])).toList();
  }

  /** An image on its way, of fewer steps. */
  Image image(float[] pixels, long seed, int stepsTaken, Condition condition) {
    ByteString data =
        encoding == Encoding.ENCODING_PNG
            ? ImageCodec.png(pixels, lease.spec().unet())
            : ImageCodec.raw(pixels);
    Image.Builder image =
        Image.newBuilder()
            .setData(data)
            .setSeed(seed)
            .setSteps(stepsTaken)
            .setEta(sampler.eta())
            .setSolver(WireEnums.solver(sampler.solver()))
            .setModelVersion(lease.version());
    if (condition.label() != Condition.NO_LABEL) {
      image.setClassLabel(condition.label()).setGuidance(condition.guidance());
    }
    return image.build();
  }

  ModelRef model() {
    return model(lease.name(), lease.version());
  }

  ImageShape shape() {
    return shape(lease.spec().unet());
  }

  static ModelRef model(String name, long version) {
    return ModelRef.newBuilder().setName(name).setVersion(version).build();
  }

  static ImageShape shape(UNetConfig unet) {
    return ImageShape.newBuilder()
        .setHeight(unet.height())
        .setWidth(unet.width())
        .setChannels(unet.imageChannels())
        .build();
  }
}
