package ddim.cli;

import ddim.model.WholeFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Converts a SavedModel for another runtime with the programs in {@code scripts/interop}, which
 * need Python and make an environment of their own.
 *
 * @param scripts the folder {@code scripts/interop}
 */
record PythonConverter(Path scripts) {
  /**
   * @throws IllegalStateException if the program was not started by {@code scripts/ddim}
   */
  static PythonConverter ofLauncher() {
    return ProgramFolder.find()
        .map(folder -> new PythonConverter(folder.resolve("scripts").resolve("interop")))
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "other formats are written by scripts/interop, which needs Python: call"
                        + " scripts/ddim"));
  }

  /**
   * Writes one file a signature that the runtime can run, all or none.
   *
   * @param format onnx, openvino or tflite
   * @param model a version's folder
   * @param out the folder for the files, which must not exist
   * @return what was written
   * @throws IOException if there is no Python, its packages cannot be had, or the conversion fails
   */
  List<Path> convert(String format, Path model, Path out) throws IOException {
    List<Path> written = new ArrayList<>();
    WholeFolder.make(
        out,
        folder -> {
          List<String> python = run("sh", scripts.resolve("environment").toString());
          String program = scripts.resolve("convert.py").toString();
          for (String file :
              run(python.get(0), program, format, model.toString(), folder.toString())) {
            written.add(out.resolve(Path.of(file).getFileName()));
          }
        });
    return written;
  }

  /** The lines of a program's output; what it says on the error stream is part of an error. */
  private static List<String> run(String... command) throws IOException {
    Path log = Files.createTempFile("ddim-python", ".log");
    try {
      Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
      process.getOutputStream().close();
      List<String> lines =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .toList();
      int code = process.waitFor();
      if (code != 0 || lines.isEmpty()) {
        throw new IOException(
            "%s ended with code %d: %s".formatted(command[1], code, end(Files.readString(log))));
      }
      return lines;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(command[1] + " was interrupted", e);
    } finally {
      Files.deleteIfExists(log);
    }
  }

  private static String end(String text) {
    List<String> lines = new ArrayList<>(text.lines().filter(line -> !line.isBlank()).toList());
    return String.join("; ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
  }
}
