package ddim.model.foreign;

import ddim.model.ModelFormatException;
import ddim.model.WeightFile;
import ddim.nn.ParamSpec;
import ddim.nn.UNetConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.tensorflow.ndarray.Shape;

/**
 * Takes the weights of a network out of a file that another program wrote.
 *
 * @param source what the file is called in errors
 * @param rename what the file calls a weight of ours
 * @param torch whether its layouts are PyTorch's; else they are TensorFlow's
 */
record ForeignWeights(String source, UnaryOperator<String> rename, boolean torch) {

  /**
   * Reads every weight, or none.
   *
   * @return values by our names, in TensorFlow's layout
   * @throws ModelFormatException naming every tensor that is missing, surplus or of another shape
   * @throws IOException if the file cannot be read
   */
  Map<String, float[]> read(WeightFile file, UNetConfig unet) throws IOException {
    List<ParamSpec> specs = ParamSpec.of(unet);
    List<String> wrong = new ArrayList<>();
    Set<String> surplus = new LinkedHashSet<>(file.names());
    for (ParamSpec spec : specs) {
      String theirs = rename.apply(spec.name());
      if (!surplus.remove(theirs)) {
        wrong.add(theirs + " is missing");
      } else if (!fits(spec.shape(), file.shape(theirs))) {
        Shape wanted = torch ? TorchLayout.of(spec.shape()) : spec.shape();
        wrong.add(theirs + " has shape " + file.shape(theirs) + ", should have " + wanted);
      }
    }
    surplus.forEach(name -> wrong.add(name + " is not part of the network"));
    if (!wrong.isEmpty()) {
      throw new ModelFormatException(source + ": weights do not fit: " + String.join("; ", wrong));
    }
    Map<String, float[]> values = new LinkedHashMap<>();
    for (ParamSpec spec : specs) {
      float[] numbers = file.floats(rename.apply(spec.name()));
      values.put(spec.name(), torch ? TorchLayout.toOurs(numbers, spec.shape()) : numbers);
    }
    return values;
  }

  private boolean fits(Shape ours, Shape theirs) {
    return torch ? TorchLayout.fits(ours, theirs) : sameButForOnes(ours, theirs);
  }

  /** A 1x1 convolution may be a matrix. */
  private static boolean sameButForOnes(Shape ours, Shape theirs) {
    return ours.equals(theirs)
        || (ours.numDimensions() == 4
            && ours.get(0) == 1
            && ours.get(1) == 1
            && theirs.equals(Shape.of(ours.get(2), ours.get(3))));
  }
}
