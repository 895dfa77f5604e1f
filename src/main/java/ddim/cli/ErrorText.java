package ddim.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.ExecutionException;

/** What a person is told of an exception. */
final class ErrorText {
  private ErrorText() {}

  /** A sentence with the file, host or number that it is about. */
  static String of(Throwable e) {
    if ((e instanceof ExecutionException || e instanceof UncheckedIOException)
        && e.getCause() != null) {
      return of(e.getCause());
    }
    if (e instanceof FileSystemException file && file.getReason() == null) {
      return file.getFile() + ": " + problem(file);
    }
    String message = e.getMessage();
    if (message == null || message.isBlank()) {
      return e.getClass().getSimpleName();
    }
    boolean speaksForItself =
        e instanceof IOException
            || e instanceof IllegalArgumentException
            || e instanceof IllegalStateException
            || e.getClass().getName().startsWith("ddim.")
            || e.getClass().getName().startsWith("picocli.");
    return speaksForItself ? message : e.getClass().getSimpleName() + ": " + message;
  }

  private static String problem(FileSystemException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "is there already";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NotDirectoryException) {
      return "is not a folder";
    }
    return e.getClass().getSimpleName();
  }
}
