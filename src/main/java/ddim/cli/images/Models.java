package ddim.cli.images;

import ddim.model.LoadedModel;
import ddim.model.SamplingModel;
import ddim.model.SessionOptions;
import ddim.serve.DdimServer;
import ddim.serve.ServerOptions;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.SystemTime;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** How the commands run models, so that all of them make the same images. */
public final class Models {
  /** The most images of one graph call. */
  private static final int BATCH_SIZE = 32;

  private Models() {}

  /** As the other, with batches of at most {@value #BATCH_SIZE}, without measuring sizes. */
  public static DdimServer server(RepositoryOptions models, ServerOptions options)
      throws IOException {
    return server(models, options, BatcherOptions.of(BATCH_SIZE), SessionOptions.DEFAULTS);
  }

  /**
   * Starts a server that has yet to load its models.
   *
   * @param models the repository, and what of it is served
   * @param batching how rows become batches
   * @param session what TensorFlow may use
   * @throws IOException if there is no such folder, it cannot listen there or a file of the options
   *     cannot be used
   */
  public static DdimServer server(
      RepositoryOptions models,
      ServerOptions options,
      BatcherOptions batching,
      SessionOptions session)
      throws IOException {
    if (!Files.isDirectory(models.root())) {
      throw new NotDirectoryException(models.root().toString());
    }
    ModelRepository repository =
        new ModelRepository(models, folder -> load(folder, session), batching, new SystemTime());
    return DdimServer.start(options, repository);
  }

  private static SamplingModel load(Path version, SessionOptions session) {
    try {
      return LoadedModel.load(version, session);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
