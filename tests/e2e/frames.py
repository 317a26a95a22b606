from shared.messages.server import SERVER_FRAME


def check_server_frame(text):
    return SERVER_FRAME.validate_json(text)
