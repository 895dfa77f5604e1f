package ddim.serve;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import ddim.serve.rpc.ImageCodec;
import ddim.v1.DecodeRequest;
import ddim.v1.EncodeRequest;
import ddim.v1.Encoding;
import ddim.v1.InterpolateRequest;
import ddim.v1.LatentSource;
import ddim.v1.ListModelsRequest;
import ddim.v1.ModelRef;
import ddim.v1.ReconstructRequest;
import ddim.v1.SampleRequest;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SamplerOptions;
import ddim.v1.SamplingServiceGrpc;
import inference.GRPCInferenceServiceGrpc;
import inference.InferParameter;
import inference.ModelConfigRequest;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferInputTensor;
import inference.ModelMetadataRequest;
import inference.ModelReadyRequest;
import inference.ModelStatisticsRequest;
import inference.RepositoryIndexRequest;
import inference.RepositoryModelLoadRequest;
import inference.RepositoryModelUnloadRequest;
import io.grpc.MethodDescriptor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import tensorflow.DataType;
import tensorflow.TensorProto;
import tensorflow.TensorShapeProto;
import tensorflow.serving.GetModelMetadataRequest;
import tensorflow.serving.GetModelStatusRequest;
import tensorflow.serving.ModelConfig;
import tensorflow.serving.ModelConfigList;
import tensorflow.serving.ModelServerConfig;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictionServiceGrpc;
import tensorflow.serving.ReloadConfigRequest;

/** At least one request that is answered for every method, for a model of grey 2 x 3 images. */
final class GoodMessages {
  /** A method and a request of it. */
  record Good(MethodDescriptor<?, ?> method, Message request) {}

  private static final int ROWS = 2;
  private static final int IMAGE = 6;

  private GoodMessages() {}

  static List<Good> all() {
    List<Good> all = new ArrayList<>();
    addOurs(all);
    addServing(all);
    addInference(all);
    return all;
  }

  /** As the other, and requests for a model with three classes. */
  static List<Good> withLabels() {
    List<Good> all = all();
    SampleRequest sample =
        SampleRequest.newBuilder()
            .setModel(ModelRef.newBuilder().setName("shoes"))
            .setCount(ROWS)
            .setSteps(5)
            .addClassLabels(2)
            .addClassLabels(-1)
            .setGuidance(1.5)
            .build();
    add(all, SamplingServiceGrpc.getSampleMethod(), sample);
    add(
        all,
        SamplingServiceGrpc.getSampleStreamMethod(),
        SampleStreamRequest.newBuilder().setSample(sample).addPreviewAfter(2).build());
    add(
        all,
        PredictionServiceGrpc.getPredictMethod(),
        PredictRequest.newBuilder()
            .setModelSpec(ModelSpec.newBuilder().setName("shoes"))
            .putInputs("seed", tensor(DataType.DT_INT64, ROWS).addInt64Val(7).build())
            .putInputs("steps", tensor(DataType.DT_INT32, ROWS).addIntVal(5).build())
            .putInputs("eta", tensor(DataType.DT_FLOAT, ROWS).addFloatVal(0).build())
            .putInputs("labels", tensor(DataType.DT_INT32, ROWS).addIntVal(2).build())
            .putInputs("guidance", tensor(DataType.DT_FLOAT, ROWS).addFloatVal(1.5f).build())
            .build());
    return all;
  }

  /** A reload request that lists all models of the fixture. */
  static byte[] everyModel() {
    ModelConfigList.Builder list = ModelConfigList.newBuilder();
    for (String name : List.of("clothes", "faces", "spectra", "shoes")) {
      list.addConfig(ModelConfig.newBuilder().setName(name));
    }
    return ReloadConfigRequest.newBuilder()
        .setConfig(ModelServerConfig.newBuilder().setModelConfigList(list))
        .build()
        .toByteArray();
  }

  private static void addOurs(List<Good> all) {
    ModelRef model = ModelRef.newBuilder().setName("clothes").build();
    ByteString image = ImageCodec.raw(new float[IMAGE]);
    SampleRequest sample =
        SampleRequest.newBuilder()
            .setModel(model)
            .addSeeds(1)
            .addSeeds(2)
            .setSteps(5)
            .setEta(0.5)
            .setSampler(SamplerOptions.newBuilder().setOffset(0))
            .setEncoding(Encoding.ENCODING_RAW_FLOAT32)
            .build();
    add(all, SamplingServiceGrpc.getSampleMethod(), sample);
    add(
        all,
        SamplingServiceGrpc.getSampleStreamMethod(),
        SampleStreamRequest.newBuilder().setSample(sample).addPreviewAfter(2).build());
    add(
        all,
        SamplingServiceGrpc.getEncodeMethod(),
        EncodeRequest.newBuilder()
            .setModel(model)
            .addImages(image)
            .setImagesEncoding(Encoding.ENCODING_RAW_FLOAT32)
            .setSteps(5)
            .build());
    add(
        all,
        SamplingServiceGrpc.getDecodeMethod(),
        DecodeRequest.newBuilder().setModel(model).addLatents(image).setSteps(5).build());
    add(
        all,
        SamplingServiceGrpc.getReconstructMethod(),
        ReconstructRequest.newBuilder()
            .setModel(model)
            .addImages(image)
            .setImagesEncoding(Encoding.ENCODING_RAW_FLOAT32)
            .setSteps(5)
            .build());
    add(
        all,
        SamplingServiceGrpc.getInterpolateMethod(),
        InterpolateRequest.newBuilder()
            .setModel(model)
            .addEnds(LatentSource.newBuilder().setSeed(1))
            .addEnds(LatentSource.newBuilder().setLatent(image))
            .setColumns(3)
            .setSteps(5)
            .build());
    add(all, SamplingServiceGrpc.getListModelsMethod(), ListModelsRequest.getDefaultInstance());
  }

  private static void addServing(List<Good> all) {
    MethodDescriptor<?, ?> predict = PredictionServiceGrpc.getPredictMethod();
    TensorProto seed = tensor(DataType.DT_INT64, ROWS).addInt64Val(3).build();
    TensorProto steps = tensor(DataType.DT_INT32, ROWS).addIntVal(5).build();
    TensorProto images = tensor(DataType.DT_FLOAT, ROWS, 2, 3, 1).addFloatVal(0.1f).build();
    ModelSpec spec = ModelSpec.newBuilder().setName("clothes").build();
    add(
        all,
        predict,
        predict("serving_default")
            .putInputs("seed", seed)
            .putInputs("steps", steps)
            .putInputs("eta", tensor(DataType.DT_FLOAT, ROWS).addFloatVal(0.5f).build())
            .addOutputFilter("x0")
            .build());
    add(all, predict, predict("sample").putInputs("x_T", images).putInputs("steps", steps).build());
    add(all, predict, predict("latent").putInputs("seed", seed).build());
    add(
        all,
        predict,
        predict("predict_noise").putInputs("x", images).putInputs("t", steps).build());
    add(
        all,
        predict,
        predict("trajectory")
            .putInputs("x", images)
            .putInputs("seed", seed)
            .putInputs("timestep", tensor(DataType.DT_INT32, ROWS, 3).addIntVal(7).build())
            .putInputs("table", tensor(DataType.DT_FLOAT, ROWS, 3, 10).addFloatVal(0.5f).build())
            .putInputs("clip", tensor(DataType.DT_FLOAT, ROWS, 2).addFloatVal(1).build())
            .putInputs("history", tensor(DataType.DT_FLOAT, ROWS, 3, 2, 3, 1).build())
            .build());
    add(
        all,
        PredictionServiceGrpc.getGetModelMetadataMethod(),
        GetModelMetadataRequest.newBuilder()
            .setModelSpec(spec)
            .addMetadataField("signature_def")
            .build());
    add(
        all,
        ModelServiceGrpc.getGetModelStatusMethod(),
        GetModelStatusRequest.newBuilder().setModelSpec(spec).build());
    add(
        all,
        ModelServiceGrpc.getHandleReloadConfigRequestMethod(),
        ReloadConfigRequest.newBuilder()
            .setConfig(
                ModelServerConfig.newBuilder()
                    .setModelConfigList(
                        ModelConfigList.newBuilder()
                            .addConfig(
                                ModelConfig.newBuilder()
                                    .setName("hats")
                                    .setBasePath("/hats")
                                    .setModelPlatform("tensorflow")
                                    .putVersionLabels("stable", 1))))
            .build());
  }

  private static void addInference(List<Good> all) {
    ByteString longs = bytes(16);
    ModelInferRequest infer =
        ModelInferRequest.newBuilder()
            .setModelName("clothes")
            .setModelVersion("3")
            .setId("one")
            .putParameters("steps", InferParameter.newBuilder().setInt64Param(5).build())
            .putParameters("eta", InferParameter.newBuilder().setDoubleParam(0.5).build())
            .putParameters("timeout", InferParameter.newBuilder().setInt64Param(9_000_000).build())
            .addInputs(
                InferInputTensor.newBuilder().setName("seed").setDatatype("INT64").addShape(ROWS))
            .addRawInputContents(longs)
            .build();
    ModelInferRequest sample =
        ModelInferRequest.newBuilder()
            .setModelName("clothes")
            .putParameters(
                "signature", InferParameter.newBuilder().setStringParam("sample").build())
            .putParameters(
                "preview_after", InferParameter.newBuilder().setStringParam("1,2").build())
            .addInputs(
                InferInputTensor.newBuilder()
                    .setName("x_T")
                    .setDatatype("FP32")
                    .addAllShape(List.of(2L, 2L, 3L, 1L)))
            .addInputs(
                InferInputTensor.newBuilder().setName("steps").setDatatype("INT32").addShape(ROWS))
            .addRawInputContents(bytes(ROWS * IMAGE * Float.BYTES))
            .addRawInputContents(
                ByteString.copyFrom(
                    ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(5)
                        .putInt(4)
                        .array()))
            .build();
    for (ModelInferRequest request : List.of(infer, sample)) {
      add(all, GRPCInferenceServiceGrpc.getModelInferMethod(), request);
      add(all, GRPCInferenceServiceGrpc.getModelStreamInferMethod(), request);
    }
    add(
        all,
        GRPCInferenceServiceGrpc.getModelReadyMethod(),
        ModelReadyRequest.newBuilder().setName("clothes").setVersion("3").build());
    add(
        all,
        GRPCInferenceServiceGrpc.getModelMetadataMethod(),
        ModelMetadataRequest.newBuilder().setName("clothes").setVersion("3").build());
    add(
        all,
        GRPCInferenceServiceGrpc.getModelConfigMethod(),
        ModelConfigRequest.newBuilder().setName("clothes").setVersion("3").build());
    add(
        all,
        GRPCInferenceServiceGrpc.getModelStatisticsMethod(),
        ModelStatisticsRequest.newBuilder().setName("clothes").setVersion("3").build());
    add(
        all,
        GRPCInferenceServiceGrpc.getRepositoryIndexMethod(),
        RepositoryIndexRequest.newBuilder().setReady(true).build());
    add(
        all,
        GRPCInferenceServiceGrpc.getRepositoryModelLoadMethod(),
        RepositoryModelLoadRequest.newBuilder().setModelName("hats").build());
    add(
        all,
        GRPCInferenceServiceGrpc.getRepositoryModelUnloadMethod(),
        RepositoryModelUnloadRequest.newBuilder().setModelName("hats").build());
  }

  private static void add(List<Good> all, MethodDescriptor<?, ?> method, Message request) {
    all.add(new Good(method, request));
  }

  private static PredictRequest.Builder predict(String signature) {
    return PredictRequest.newBuilder()
        .setModelSpec(ModelSpec.newBuilder().setName("clothes").setSignatureName(signature));
  }

  private static TensorProto.Builder tensor(DataType type, long... shape) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (long size : shape) {
      dims.addDim(TensorShapeProto.Dim.newBuilder().setSize(size));
    }
    return TensorProto.newBuilder().setDtype(type).setTensorShape(dims);
  }

  private static ByteString bytes(int count) {
    return ByteString.copyFrom(new byte[count]);
  }
}
