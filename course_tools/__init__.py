"""The commands of the course, for those who take, teach and maintain it. No lesson imports them."""
