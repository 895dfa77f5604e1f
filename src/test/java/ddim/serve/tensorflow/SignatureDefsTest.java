package ddim.serve.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.model.LoadedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;

class SignatureDefsTest {
  /** What we say of a model is what its file says. */
  @Test
  void theSignaturesAreThoseOfTheSavedModel() throws Exception {
    Path folder = Path.of("savedmodel/fashion-mnist/1");
    var file =
        SavedModel.parseFrom(Files.readAllBytes(folder.resolve("saved_model.pb")))
            .getMetaGraphs(0)
            .getSignatureDefMap();
    try (LoadedModel model = LoadedModel.load(folder)) {
      var told = SignatureDefs.of(model.spec()).getSignatureDefMap();

      assertThat(told.keySet()).isEqualTo(file.keySet());
      for (String name : file.keySet()) {
        assertThat(SignatureDef.parseFrom(told.get(name).toByteString())).isEqualTo(file.get(name));
      }
    }
  }
}
