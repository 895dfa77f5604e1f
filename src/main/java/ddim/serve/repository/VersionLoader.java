package ddim.serve.repository;

import ddim.model.ModelFormatException;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatchListener;
import ddim.serve.batch.Batcher;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.Calibration;
import ddim.serve.batch.DeviceTurns;
import ddim.serve.batch.TimeSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads version folders, and knows which of them it would be of no use to load: those that are
 * still being copied, and those that were broken and have not changed. Used by one thread.
 */
final class VersionLoader {
  private static final Logger log = LoggerFactory.getLogger(VersionLoader.class);

  private final Function<Path, SamplingModel> loader;
  private final BatcherOptions batching;
  private final TimeSource time;
  private final DeviceTurns device = new DeviceTurns(); // every version's
  private volatile BiFunction<String, Long, BatchListener> listeners =
      (name, version) -> BatchListener.NONE;

  /** The files of each folder when it was last looked at. */
  private final Map<Path, Map<String, String>> seen = new HashMap<>();

  private final Set<Path> broken = new HashSet<>();

  VersionLoader(Function<Path, SamplingModel> loader, BatcherOptions batching, TimeSource time) {
    this.loader = loader;
    this.batching = batching;
    this.time = time;
  }

  /** Has listeners hear too of the batches of what is loaded from now on. */
  synchronized void observe(BiFunction<String, Long, BatchListener> more) {
    BiFunction<String, Long, BatchListener> before = listeners;
    listeners =
        (name, version) ->
            BatchListener.both(before.apply(name, version), more.apply(name, version));
  }

  /** When a folder is worth loading. */
  enum Eagerness {
    /** Now: somebody has asked for it, and knows that its files are there. */
    AT_ONCE,
    /** When its files are those of the look before. */
    SETTLED
  }

  /** What is to be done with a folder. */
  enum Advice {
    /** Load it. */
    LOAD,
    /** Its files are changing: look again later. */
    WAIT,
    /** It is as broken as it was. */
    LEAVE
  }

  /** Looks at a folder that is not loaded. */
  Advice look(Path folder, Eagerness eagerness) {
    Map<String, String> files = ModelFolders.fingerprint(folder);
    boolean settled = files.equals(seen.put(folder, files));
    if (eagerness == Eagerness.AT_ONCE) {
      return Advice.LOAD;
    }
    if (!settled) {
      broken.remove(folder); // it may be mended
      return Advice.WAIT;
    }
    return broken.contains(folder) ? Advice.LEAVE : Advice.LOAD;
  }

  /** Forgets the folders that are gone. */
  void forget() {
    seen.keySet().removeIf(folder -> !Files.isDirectory(folder));
    broken.retainAll(seen.keySet());
  }

  /**
   * Loads a version, warms it up at every batch size that will be used, and starts its batcher.
   *
   * @throws ModelFormatException or what the loader throws, if it cannot be served
   */
  ServedModel load(String name, long version, Path folder) {
    long begin = time.nanoTime();
    @Nullable SamplingModel model = null;
    try {
      model = loader.apply(folder);
      Calibration calibration = Calibration.measure(model, batching, time, device);
      BatchListener listener = listeners.apply(name, version);
      String thread = name + "-" + version;
      Batcher batcher = Batcher.start(thread, model, calibration, time, listener, device);
      ServedModel served = new ServedModel(name, version, model, batcher);
      broken.remove(folder);
      long millis = Duration.ofNanos(time.nanoTime() - begin).toMillis();
      log.info("model {} version {} is ready after {} ms", name, version, millis);
      return served;
    } catch (RuntimeException | Error e) { // an Error of one model must not end the others
      log.warn("model {} version {} is not served", name, version, e);
      broken.add(folder);
      if (model != null) {
        model.close();
      }
      throw e;
    }
  }
}
