package ddim.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Calls any signature of an exported model with plain arrays, as a foreign client would. */
final class SignatureRunner implements AutoCloseable {
  private final SavedModelBundle bundle;

  SignatureRunner(Path folder) {
    bundle = SavedModelBundle.load(folder.toString(), ModelSignature.TAG);
  }

  static TFloat32 floats(float[] values, long... shape) {
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  static TInt32 ints(int... values) {
    return TInt32.tensorOf(Shape.of(values.length), DataBuffers.of(values));
  }

  static TInt64 longs(long... values) {
    return TInt64.tensorOf(Shape.of(values.length), DataBuffers.of(values));
  }

  /** The outputs as numbers; inputs are closed. */
  Map<String, float[]> run(String name, Map<String, Tensor> inputs) {
    SignatureDef signature = bundle.metaGraphDef().getSignatureDefOrThrow(name);
    Session.Runner runner = bundle.session().runner();
    inputs.forEach((input, t) -> runner.feed(signature.getInputsOrThrow(input).getName(), t));
    List<String> names = new ArrayList<>(signature.getOutputsMap().keySet());
    names.forEach(output -> runner.fetch(signature.getOutputsOrThrow(output).getName()));
    Map<String, float[]> outputs = new LinkedHashMap<>();
    try (Result result = runner.run()) {
      for (int i = 0; i < names.size(); i++) {
        outputs.put(names.get(i), numbers(result.get(i)));
      }
    } finally {
      inputs.values().forEach(Tensor::close);
    }
    return outputs;
  }

  private static float[] numbers(Tensor tensor) {
    float[] numbers = new float[(int) tensor.size()];
    if (tensor.dataType() == DataType.DT_UINT8) {
      byte[] bytes = new byte[numbers.length];
      tensor.asRawTensor().data().read(bytes);
      for (int i = 0; i < bytes.length; i++) {
        numbers[i] = bytes[i] & 0xff;
      }
    } else {
      tensor.asRawTensor().data().asFloats().read(numbers);
    }
    return numbers;
  }

  @Override
  public void close() {
    bundle.close();
  }
}
