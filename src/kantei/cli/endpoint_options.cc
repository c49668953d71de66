#include "kantei/cli/endpoint_options.h"

#include <cstdlib>

#include "kantei/cli/text_format.h"

namespace kantei::cli {

Result<std::unique_ptr<dataset::ChatEndpoint>> EndpointArguments::Make() const {
  dataset::ChatOptions options = chat;
  if (!api_key_env.empty()) {
    const char* key = std::getenv(api_key_env.c_str());
    if (key == nullptr)
      return Error{ErrorCode::kNotFound,
                   "the environment has no variable " + api_key_env +
                       "; set it to the key of the endpoint, or leave out --api-key-env"};
    options.api_key = key;
  }
  return dataset::ChatEndpoint::Make(std::move(options));
}

void AddEndpointOptions(CLI::App* verb, EndpointArguments* arguments, bool required) {
  dataset::ChatOptions& chat = arguments->chat;
  CLI::Option* endpoint = verb->add_option("--endpoint", chat.endpoint,
                                           "Server that speaks OpenAI's chat completions, e.g. "
                                           "http://127.0.0.1:8080; what is sent there is "
                                           "told in docs/saor.md")
                              ->type_name("URL");
  CLI::Option* model = verb->add_option("--model", chat.model, "Its name on that server")->type_name("NAME");
  if (required) {
    endpoint->required();
    model->required();
  } else {
    endpoint->needs(model);
  }
  verb->add_option("--api-key-env", arguments->api_key_env, "Environment variable that holds the key")
      ->type_name("VAR");
  verb->add_option("--ca-file", chat.ca_file, "PEM file of authorities for https, instead of the system's")
      ->type_name("FILE");
  verb->add_option("--cache", chat.cache, "Folder of answers, which are not asked for again")
      ->type_name("DIR");
  verb->add_option("--answer-seconds", chat.answer_seconds, "The longest that one answer may take")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--attempts", chat.attempts, "Tries for each question")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--concurrent", chat.concurrent, "Requests under way at once")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--max-tokens", chat.max_tokens, "Of one answer")->type_name("N")->capture_default_str();
  verb->add_option("--temperature", chat.temperature, "0: the likeliest words")
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--price-in", chat.price_in, "For a million tokens of questions, in any currency")
      ->type_name("N");
  verb->add_option("--price-out", chat.price_out, "For a million tokens of answers")->type_name("N");
}

void SayUsage(const Session& session, const dataset::ChatUsage& usage) {
  std::string line = "asked " + std::to_string(usage.questions) + ", answered " +
                     std::to_string(usage.answered) + " (" + std::to_string(usage.from_cache) +
                     " from the cache), requests " + std::to_string(usage.requests) + ", unfit answers " +
                     std::to_string(usage.unfit) + ", tokens " + std::to_string(usage.prompt_tokens) +
                     " in and " + std::to_string(usage.completion_tokens) + " out";
  if (usage.cost > 0) line += ", cost " + FixedNumber(usage.cost, 6);
  session.Say(line);
}

}  // namespace kantei::cli
