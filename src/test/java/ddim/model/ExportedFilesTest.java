package ddim.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import ddim.diffusion.Prediction;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.TensorProto;

/** What stands beside the graph of an exported model, and what is said of the graph. */
class ExportedFilesTest {
  @TempDir static Path models;
  private static Path folder;

  @BeforeAll
  static void export() throws IOException {
    folder =
        ModelExporter.export(TestModels.tiny(Prediction.EPS), models, "m", OptionalLong.empty());
  }

  @Test
  void theWarmUpFileHasOneRequestASignature() throws IOException {
    List<String> signatures = new ArrayList<>();
    for (byte[] record : records(folder.resolve("assets.extra/tf_serving_warmup_requests"))) {
      UnknownFieldSet request = only(only(UnknownFieldSet.parseFrom(record), 6), 1);
      signatures.add(text(only(request, 1), 3));
      for (ByteString entry : request.getField(2).getLengthDelimitedList()) {
        UnknownFieldSet input = UnknownFieldSet.parseFrom(entry);
        TensorProto tensor =
            TensorProto.parseFrom(input.getField(2).getLengthDelimitedList().get(0));
        assertThat(tensor.getTensorShape().getDim(0).getSize()).as(text(input, 1)).isEqualTo(1);
      }
    }
    assertThat(signatures)
        .containsExactly("latent", "predict_noise", "sample", "serving_default", "trajectory");
  }

  /** From RFC 3720, B.4: CRC-32C of 32 zeros is 8a9136aa. */
  @Test
  void checksumsAreMaskedAsInTheFormat() {
    int crc = 0x8a9136aa;
    assertThat(TfRecord.maskedCrc(new byte[32]))
        .isEqualTo(((crc >>> 15) | (crc << 17)) + 0xa282ead8);
  }

  @Test
  void theGraphSaysThatDefaultsAreLeftOut() throws IOException {
    SavedModel saved = SavedModel.parseFrom(Files.readAllBytes(folder.resolve("saved_model.pb")));
    assertThat(saved.getMetaGraphs(0).getMetaInfoDef().getStrippedDefaultAttrs()).isTrue();
  }

  @Test
  void theCardSaysWhatTheModelIs() throws IOException {
    assertThat(Files.readString(folder.resolve("MODEL_CARD.md")))
        .startsWith("# A diffusion model that makes images of 8x8x3\n")
        .contains("| licence of the weights | Apache-2.0 |")
        .contains("| noise | linear, 1000 levels, beta 1.0E-4 to 0.02 |")
        .contains("`t` int32 from 0 to 999")
        .contains(TestModels.tiny(Prediction.EPS).spec().weightsDigest());
  }

  @Test
  void equalWeightsGiveEqualFiles() throws IOException {
    Path again =
        ModelExporter.export(TestModels.tiny(Prediction.EPS), models, "m", OptionalLong.empty());
    for (String file : List.of(WarmUpRequests.NAME, ModelCard.NAME)) {
      assertThat(Files.mismatch(folder.resolve(file), again.resolve(file))).isEqualTo(-1);
    }
  }

  @Test
  void weightsThatDoNotFitInAGraphAreRefused() {
    ModelExporter.requireFits(500_000_000, WeightType.FLOAT32);
    assertThatThrownBy(() -> ModelExporter.requireFits(540_000_000, WeightType.FLOAT32))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageStartingWith("the model has 2,160,000,000 bytes of weights; ");
  }

  @Test
  void weightsOfHalfTheSizeFitInTwiceTheNumber() {
    ModelExporter.requireFits(1_000_000_000, WeightType.BFLOAT16);
    assertThatThrownBy(() -> ModelExporter.requireFits(1_080_000_000, WeightType.FLOAT16))
        .isInstanceOf(ModelFormatException.class);
  }

  private static List<byte[]> records(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<byte[]> records = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[Long.BYTES];
      bytes.get(length);
      assertThat(bytes.getInt()).isEqualTo(TfRecord.maskedCrc(length));
      byte[] record =
          new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      bytes.get(record);
      assertThat(bytes.getInt()).isEqualTo(TfRecord.maskedCrc(record));
      records.add(record);
    }
    return records;
  }

  private static UnknownFieldSet only(UnknownFieldSet message, int field) throws IOException {
    List<ByteString> values = message.getField(field).getLengthDelimitedList();
    assertThat(values).hasSize(1);
    return UnknownFieldSet.parseFrom(values.get(0));
  }

  private static String text(UnknownFieldSet message, int field) {
    return message.getField(field).getLengthDelimitedList().get(0).toString(UTF_8);
  }
}
