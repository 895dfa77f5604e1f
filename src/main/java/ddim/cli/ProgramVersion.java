package ddim.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code ddim --version} says: the version in the manifest of the jar. */
final class ProgramVersion implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = Main.class.getPackage().getImplementationVersion();
    return new String[] {"ddim-java " + (version == null ? "development" : version)};
  }
}
