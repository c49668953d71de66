#include "kantei/cli/cli_tree.h"

#include <utility>

#include "kantei/cli/exit_code.h"

namespace kantei::cli {
namespace {

/// IsMember describes itself as "{en,ja}".
std::vector<std::string> Choices(const std::string& type_text) {
  std::vector<std::string> choices;
  const std::size_t open = type_text.find('{'), close = type_text.rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return choices;
  std::string word;
  for (std::size_t i = open + 1; i <= close; ++i) {
    if (i < close && type_text[i] != ',') {
      word += type_text[i];
    } else {
      choices.push_back(std::exchange(word, {}));
    }
  }
  return choices;
}

OptionFacts DescribeOption(const CLI::Option& option) {
  OptionFacts facts;
  facts.positional = option.get_positional();
  if (facts.positional) {
    facts.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_snames()) facts.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) facts.names.push_back("--" + name);
  }
  facts.required = option.get_required();
  facts.takes_value = !facts.positional && option.get_items_expected_max() > 0;
  const std::string type = option.get_type_name();
  facts.choices = Choices(type);
  facts.value = type.substr(0, type.find(':'));
  if (!facts.choices.empty() && facts.value.find('{') != std::string::npos) facts.value.clear();
  facts.default_value = option.get_default_str();
  facts.environment = option.get_envname();
  facts.description = option.get_description();
  return facts;
}

void Describe(const CLI::App& app, const std::vector<std::string>& words, std::vector<VerbFacts>* out) {
  VerbFacts facts;
  facts.words = words;
  facts.description = app.get_description();
  const std::string footer = app.get_footer();
  const std::string head = "Example:\n  ";
  facts.example = footer.starts_with(head) ? footer.substr(head.size()) : footer;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) facts.options.push_back(DescribeOption(*option));
  }
  std::vector<const CLI::App*> children;
  for (const CLI::App* child : app.get_subcommands({})) {
    if (child->get_group().empty()) continue;  // hidden
    facts.sub_verbs.push_back(child->get_name());
    children.push_back(child);
  }
  facts.usage = "kantei";
  for (const std::string& word : words) facts.usage += " " + word;
  facts.usage += " [OPTIONS]";
  for (const OptionFacts& option : facts.options) {
    if (option.positional)
      facts.usage += option.required ? " " + option.names[0] + "..." : " [" + option.names[0] + "...]";
  }
  if (!children.empty())
    facts.usage += app.get_require_subcommand_min() > 0 || words.empty() ? " VERB" : " [VERB]";
  out->push_back(std::move(facts));
  for (const CLI::App* child : children) {
    std::vector<std::string> path = words;
    path.push_back(child->get_name());
    Describe(*child, path, out);
  }
}

std::string Join(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

/// A vertical bar would end the cell.
std::string Cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string OptionRow(const OptionFacts& option) {
  std::string name = "`" + Join(option.names, "`, `");
  if (option.takes_value) {
    name += " " + (option.choices.empty() ? option.value : Join(option.choices, "|"));
  }
  name += "`";
  std::string text = option.description;
  if (option.required) text += " (required)";
  if (!option.default_value.empty()) text += " (default `" + option.default_value + "`)";
  if (!option.environment.empty()) text += " (environment `" + option.environment + "`)";
  return "| " + Cell(name) + " | " + Cell(text) + " |\n";
}

}  // namespace

std::vector<VerbFacts> DescribeTree(const CLI::App& root) {
  std::vector<VerbFacts> verbs;
  Describe(root, {}, &verbs);
  return verbs;
}

std::string CliReference(const std::vector<VerbFacts>& verbs) {
  std::string out =
      "# Command line\n\n"
      "<!-- Made by `kantei docs` from the program's own description; tests/cli/docs.sh checks that it is "
      "current. -->\n\n"
      "Data go to standard output; talk, progress and failures go to standard error. With several files a "
      "bad one is named,\n"
      "the others go on, and the exit code is 1 at the end. Ctrl-C stops cleanly; running the same command "
      "again goes on.\n"
      "A file whose name begins with `-` comes after `--`.\n\n";
  out +=
      "## Exit codes\n\n| code | meaning |\n|---|---|\n| 0 | done |\n| 1 | done, but some files of the batch "
      "failed, or a check "
      "found problems |\n";
  for (const ExitCodeRow& row : kExitCodes) {
    out += "| " + std::to_string(row.exit_code) + " | " + std::string(row.meaning) + " |\n";
  }
  for (const VerbFacts& verb : verbs) {
    const std::string level = verb.words.size() > 1 ? "###" : "##";
    out += "\n" + level + " kantei" + (verb.words.empty() ? "" : " ") + Join(verb.words, " ") + "\n\n" +
           verb.description + ".\n\n```\n" + verb.usage + "\n```\n";
    if (!verb.options.empty()) {
      out += "\n| option | meaning |\n|---|---|\n";
      for (const OptionFacts& option : verb.options) out += OptionRow(option);
    }
    if (!verb.example.empty()) out += "\nExample: `" + verb.example + "`\n";
  }
  return out;
}

std::string BashCompletion(const std::vector<VerbFacts>& verbs) {
  std::string out =
      "# Completion of kantei for bash; made by `kantei completion bash`.\n"
      "_kantei() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$verb $word\" in\n";
  for (const VerbFacts& verb : verbs) {
    if (!verb.words.empty()) {
      const std::string parent = Join({verb.words.begin(), verb.words.end() - 1}, " ");
      const std::string path = Join(verb.words, " ");
      out += "      '" + parent + " " + verb.words.back() + "') verb='" + path + "' ;;\n";
    }
  }
  out +=
      "    esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  local options= verbs=\n"
      "  case \"$verb\" in\n";
  for (const VerbFacts& verb : verbs) {
    std::vector<std::string> names;
    std::string values;
    for (const OptionFacts& option : verb.options) {
      if (option.positional) continue;
      names.insert(names.end(), option.names.begin(), option.names.end());
      if (!option.takes_value) continue;
      const std::string pattern = Join(option.names, "|");
      if (!option.choices.empty()) {
        values += "        " + pattern + ") COMPREPLY=($(compgen -W '" + Join(option.choices, " ") +
                  "' -- \"$current\")); return ;;\n";
      } else if (option.value == "PATH" || option.value == "OUT" || option.value == "FILE") {
        values += "        " + pattern + ") compopt -o default; return ;;\n";
      } else {
        values += "        " + pattern + ") return ;;\n";
      }
    }
    out += "    '" + Join(verb.words, " ") + "')\n";
    if (!values.empty()) out += "      case \"$previous\" in\n" + values + "      esac\n";
    out += "      options='" + Join(names, " ") + "' verbs='" + Join(verb.sub_verbs, " ") + "' ;;\n";
  }
  out +=
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  [[ -n $verbs ]] && COMPREPLY=($(compgen -W \"$verbs\" -- \"$current\"))\n"
      "  [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default\n"
      "}\n"
      "complete -F _kantei kantei\n";
  return out;
}

}  // namespace kantei::cli
