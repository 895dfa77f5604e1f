package ddim.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The PNG, JPEG and WebP files below a folder, fitted to one size by {@link FittedImage}, in the
 * order of their paths. Where all of them are in subfolders, these are the classes.
 *
 * <p>A file is decoded when it is asked for first, and its pixels are kept as long as all of them
 * take at most half of the heap. Thread-safe.
 */
public final class ImageFolder implements ImageSource {
  /** What becomes of files that cannot be read. */
  public enum Unreadable {
    /** They end the reading. */
    REFUSE,
    /** The next file that can be read takes their place. */
    SKIP
  }

  static final List<String> ENDINGS = List.of(".png", ".jpg", ".jpeg", ".webp");

  private final Path folder;
  private final List<Path> files;
  private final List<String> classNames;
  private final int height;
  private final int width;
  private final int channels;
  private final Unreadable unreadable;
  private final Consumer<String> warnings;
  private final AtomicReferenceArray<byte @Nullable []> kept;
  private final Set<Integer> skipped = ConcurrentHashMap.newKeySet();
  private final AtomicLong room = new AtomicLong(Runtime.getRuntime().maxMemory() / 2);

  private ImageFolder(
      Path folder,
      List<Path> files,
      int height,
      int width,
      int channels,
      Unreadable unreadable,
      Consumer<String> warnings) {
    this.folder = folder;
    this.files = files;
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.unreadable = unreadable;
    this.warnings = warnings;
    this.kept = new AtomicReferenceArray<>(files.size());
    this.classNames = classNames(folder, files);
  }

  /** The files that a folder has for this. */
  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      return tree.filter(file -> isImage(file) && Files.isRegularFile(file)).sorted().toList();
    }
  }

  /**
   * @param folder with at least one such file
   * @param channels 1 for grey, 3 for colour
   * @param warnings told of every file that is skipped, once
   * @throws IOException if there is no such file
   */
  public static ImageSource in(
      Path folder,
      int height,
      int width,
      int channels,
      Unreadable unreadable,
      Consumer<String> warnings)
      throws IOException {
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException(
          "pictures have 1 or 3 channels, the network wants " + channels);
    }
    List<Path> files = files(folder);
    if (files.isEmpty()) {
      throw new IOException(folder + ": no file ends with " + String.join(", ", ENDINGS));
    }
    return new ImageFolder(folder, files, height, width, channels, unreadable, warnings);
  }

  private static boolean isImage(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return ENDINGS.stream().anyMatch(name::endsWith);
  }

  private static List<String> classNames(Path folder, List<Path> files) {
    TreeSet<String> names = new TreeSet<>();
    for (Path file : files) {
      Path inside = folder.relativize(file);
      if (inside.getNameCount() == 1) {
        return List.of();
      }
      names.add(inside.getName(0).toString());
    }
    return new ArrayList<>(names);
  }

  @Override
  public String name() {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return last == null ? "images" : last.toString();
  }

  @Override
  public String license() {
    return NO_LICENSE_STATED;
  }

  @Override
  public int size() {
    return files.size();
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int classes() {
    return classNames.size();
  }

  @Override
  public int label(int index) {
    return classNames.isEmpty()
        ? ImageSource.super.label(index)
        : classNames.indexOf(folder.relativize(files.get(index)).getName(0).toString());
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public String digest() {
    return ImageDigest.ofFiles(folder, files);
  }

  /**
   * @throws UncheckedIOException if the file cannot be read and is not to be skipped; the message
   *     names it
   */
  @Override
  public void read(int index, byte[] into, int offset) {
    byte[] pixels = pixels(index);
    System.arraycopy(pixels, 0, into, offset, pixels.length);
  }

  private byte[] pixels(int index) {
    byte[] there = kept.get(index);
    if (there != null) {
      return there;
    }
    byte[] pixels;
    try {
      pixels = decode(files.get(index));
    } catch (IOException e) {
      if (unreadable == Unreadable.REFUSE) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
      pixels = ofAnother(index, e);
    }
    if (room.addAndGet(-pixels.length) >= 0) {
      kept.set(index, pixels);
    }
    return pixels;
  }

  /** The next image of the same class that can be read. */
  private byte[] ofAnother(int index, IOException why) {
    if (skipped.add(index)) {
      warnings.accept("skipped: " + why.getMessage());
    }
    for (int i = 1; i < files.size(); i++) {
      int other = (index + i) % files.size();
      if (classes() > 0 && label(other) != label(index)) {
        continue;
      }
      try {
        return decode(files.get(other));
      } catch (IOException e) {
        // it is told when its own turn comes
      }
    }
    throw new UncheckedIOException(folder + ": no file can be read", why);
  }

  private byte[] decode(Path file) throws IOException {
    return PictureFile.read(file, height, width, channels);
  }
}
