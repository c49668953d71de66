#include "kantei/cli/run.h"

int main(int argc, char** argv) {
  return kantei::cli::Run(argc, argv);
}
